/** Figures of this window for benches and the curious: `window.fluxMetrics`. Milliseconds since navigation start. */
export interface FluxMetrics {
  [name: string]: number;
}

declare global {
  interface Window {
    fluxMetrics: FluxMetrics;
  }
}

window.fluxMetrics ??= {};

export function markMetric(name: string): void {
  window.fluxMetrics[name] = performance.now();
  performance.mark(name);
}

export function setMetric(name: string, value: number): void {
  window.fluxMetrics[name] = value;
}
