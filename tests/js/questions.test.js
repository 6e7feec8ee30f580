/* What is asked when: routes against a server that is played here, on a clock that stands still. */

import "#tests/browser";
import assert from "node:assert/strict";
import { beforeEach, test } from "node:test";
import { addRoute, asked, followProgress, isRefused, openQuestion, refresh } from "#questions";
import { network, notices } from "#tests/browser";

const clock = { now: 1000 };
let wish; // the question that the page has now, or null
let taken;
let said;

/** Let all promises that can be kept be kept. */
const settle = async () => {
  for (let i = 0; i < 20; i++) await new Promise(setImmediate);
};

const want = async (key, scope = "scope") => {
  wish = key && { key, scope, data: { asks: key } };
  refresh();
  await settle();
};

const answer = (content, status = 200) =>
  network.requests.at(-1).resolve(status === 204 ? new Response(null, { status }) : Response.json(content, { status }));
const reply = async (content, status) => {
  answer(content, status);
  await settle();
};
const data = (value) => ({ response: { run: { data: value } } });
const beside = (id, value) => ({ sideUpdate: { [id]: { data: value } } });

const questions = () => network.requests.map(({ body }) => JSON.parse(body).inputs[0].value.asks);

/** Let time go on: timers that are due ring. */
const wait = async (t, ms) => {
  clock.now += ms;
  t.mock.timers.tick(ms);
  await settle();
};

beforeEach((t) => {
  t.mock.timers.enable({ apis: ["setTimeout"] });
  t.mock.method(performance, "now", () => clock.now);
  t.mock.method(Math, "random", () => 0.5);
  network.requests.length = notices.length = 0;
  [wish, taken, said] = [null, [], []];
  addRoute("run", {
    wanted: () => wish,
    take: (value, question) => {
      taken.push([question.key, value]);
      if (wish?.key === question.key) wish = null;
    },
    busy: (sentence) => said.push(sentence),
  });
});

test("a question is sent as Dash's renderer would send it", async () => {
  const { sequence } = asked;
  await want("first");
  const [{ url, body }] = network.requests;
  assert.equal(url, "/_dash-update-component");
  assert.deepEqual(JSON.parse(body), {
    output: "run.data",
    outputs: { id: "run", property: "data" },
    inputs: [
      {
        id: "ask-run",
        property: "data",
        value: { asks: "first", client: asked.client, sequence: sequence + 1 },
      },
    ],
    changedPropIds: ["ask-run.data"],
  });
});

test("what is wanted is asked once, and its answer taken", async () => {
  await want("first");
  refresh();
  assert.deepEqual(questions(), ["first"]);
  assert.equal(openQuestion("run").key, "first");
  await reply(data(7));
  assert.deepEqual(taken, [["first", 7]]);
  assert.equal(openQuestion("run"), null);
});

test("an answer is taken though the finger has moved on, and then the newest question asked", async () => {
  await want("first");
  await want("second");
  await want("third");
  assert.deepEqual(questions(), ["first"]);
  await reply(data(1));
  assert.deepEqual(taken, [["first", 1]]);
  assert.deepEqual(questions(), ["first", "third"]);
});

test("a question of another scope is left, and its answer is nobody's", async () => {
  await want("first", "a label");
  answer(data(1)); // at the same moment
  await want("second", "another label");
  assert.equal(network.requests[0].signal.aborted, true);
  assert.deepEqual(taken, []);
  assert.deepEqual(questions(), ["first", "second"]);
  await reply(data(2));
  assert.deepEqual(taken, [["second", 2]]);
});

test("a question that nobody has any more is left", async () => {
  await want("first");
  await want(null);
  assert.equal(network.requests[0].signal.aborted, true);
  await want("second"); // the clock stands still
  assert.deepEqual(questions(), ["first", "second"]);
  assert.deepEqual(notices, []);
});

test("a busy server is asked again after a while, the longer the oftener, and says why", async (t) => {
  await want("first");
  for (const pause of [700, 1120]) {
    const count = network.requests.length;
    await reply(beside("busy", { text: "many ask" }));
    assert.equal(said.at(-1), "many ask");
    await wait(t, pause - 10);
    assert.equal(network.requests.length, count);
    await wait(t, 20);
    assert.equal(network.requests.length, count + 1);
  }
  await reply(data(1));
  assert.equal(said.at(-1), "");
  assert.deepEqual(taken, [["first", 1]]);
  await want("second"); // patience begins anew
  await reply(beside("busy", { text: "many ask" }));
  await wait(t, 710);
  assert.deepEqual(questions().slice(-2), ["second", "second"]);
});

test("what was refused with a sentence is not asked again, another question is", async (t) => {
  await want("first");
  await reply(beside("notice", { sentences: ["There is no such image."] }));
  await wait(t, 5000);
  assert.deepEqual(notices, ["There is no such image."]);
  refresh();
  assert.equal(isRefused("run"), true);
  assert.deepEqual(questions(), ["first"]);
  await want("second");
  assert.deepEqual(questions(), ["first", "second"]);
  await reply(data(1));
  await want("first");
  assert.deepEqual(questions(), ["first", "second", "first"]);
});

test("what the server refuses as a whole is said, and not asked again", async (t) => {
  await want("first");
  await reply({}, 403);
  assert.match(notices[0], /403/);
  await wait(t, 5000);
  refresh();
  assert.deepEqual(questions(), ["first"]);
});

test("an answer of another program is said, and not asked again", async (t) => {
  await want("first");
  await reply("<html>");
  assert.match(notices[0], /no answer of this program/);
  await wait(t, 5000);
  refresh();
  assert.deepEqual(questions(), ["first"]);
});

test("an empty answer is asked again a moment later", async (t) => {
  await want("first");
  await reply(null, 204);
  await wait(t, 240);
  assert.deepEqual(questions(), ["first"]);
  await wait(t, 20);
  assert.deepEqual(questions(), ["first", "first"]);
});

test("what is lost is asked again with the same number, until it is here", async (t) => {
  await want("first");
  await reply("", 502);
  await wait(t, 700);
  assert.deepEqual(questions(), ["first", "first"]);
  assert.equal(network.requests[0].body, network.requests[1].body);
  network.requests[1].reject(new TypeError("no network"));
  await settle();
  await wait(t, 1300);
  await reply(data(1));
  assert.deepEqual(taken, [["first", 1]]);
});

test("progress is asked one question at a time, and goes on after a lost answer", async (t) => {
  t.mock.timers.reset();
  t.mock.timers.enable({ apis: ["setTimeout", "setInterval"] });
  const seen = [];
  const polls = () => network.requests.filter(({ body }) => JSON.parse(body).output === "progress.data");
  followProgress(["run"], ({ fraction }) => seen.push(fraction));
  const tick = async () => {
    clock.now += 300;
    t.mock.timers.tick(300);
    await settle();
  };
  await tick();
  assert.equal(polls().length, 0); // nothing is open
  await want("first");
  await tick();
  assert.equal(polls().length, 0); // for a moment only
  await tick();
  await tick();
  assert.equal(polls().length, 1);
  polls()[0].reject(new TypeError("no network"));
  await settle();
  await tick();
  assert.equal(polls().length, 2);
  polls()[1].resolve(Response.json({ response: { progress: { data: { fraction: 0.4 } } } }));
  await settle();
  assert.deepEqual(seen, [0.4]);
});
