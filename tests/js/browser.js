/* What modules ask of a browser while they are loaded; imported before them. */
globalThis.window = globalThis;
globalThis.matchMedia = () => ({ matches: false, addEventListener() {} });
