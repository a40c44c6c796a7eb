/**
 * The one Trusted Types policy. It lets scripts (workers) come from the own origin and nothing else become code or
 * markup: MapLibre, the decoder and the shared stream start workers by URL.
 */
interface TrustedTypes {
  createPolicy: (name: string, rules: { createScriptURL: (url: string) => string }) => unknown;
}

const trustedTypes = (globalThis as { trustedTypes?: TrustedTypes }).trustedTypes;
trustedTypes?.createPolicy('default', {
  createScriptURL: (url) => {
    if (new URL(url, location.href).origin === location.origin) return url;
    throw new TypeError(`a script from another origin is refused: ${url}`);
  },
});
