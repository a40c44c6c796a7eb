import type { TraceDirection } from '#model/api/network.ts';
import { useScreen } from '../app/screen_store.ts';
import { getTrace } from '../lib/api/endpoints.ts';

/** Asks for a trace and shows it on the map and in the details; a newer request wins over an older answer. */
export async function startTrace(assetId: string, direction: TraceDirection): Promise<void> {
  useScreen.setState({ trace: { assetId, direction, result: null, error: null }, detailOpen: true });
  const still = () => {
    const { trace } = useScreen.getState();
    return trace?.assetId === assetId && trace.direction === direction;
  };
  try {
    const result = await getTrace(assetId, direction);
    if (still()) useScreen.setState({ trace: { assetId, direction, result, error: null } });
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    if (still()) useScreen.setState({ trace: { assetId, direction, result: null, error: message } });
  }
}

/** Edge rows of a trace's base64 uint32. */
export function traceRows(base64: string): number[] {
  const bytes = Uint8Array.fromBase64(base64);
  return [...new Uint32Array(bytes.buffer, 0, bytes.length >> 2)];
}
