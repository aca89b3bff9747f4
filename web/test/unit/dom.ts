// As much of a browser as the page's modules touch when they are loaded.
export const at = (address: string) => {
  Object.assign(globalThis, {
    location: new URL(address, "https://bedrock:7446"),
    history: { pushState: () => undefined, replaceState: () => undefined },
    addEventListener: () => undefined,
    matchMedia: () => ({ matches: false, addEventListener: () => undefined }),
    innerWidth: 1400,
    document: { documentElement: { dataset: {} } },
  });
};
at("/");
