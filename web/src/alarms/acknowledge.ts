import { create } from 'zustand';
import { acknowledgeAlarm } from '../lib/api/endpoints.ts';

/** What was asked of the server about alarms; the answer itself comes by the live stream. */
export const useAcknowledging = create<{ busy: boolean; problem: string | null }>(() => ({
  busy: false,
  problem: null,
}));

/** Takes alarms; those that fail stay as they are and the pane says so. */
export async function acknowledge(ids: readonly string[]): Promise<void> {
  if (ids.length === 0) return;
  useAcknowledging.setState({ busy: true, problem: null });
  const results = await Promise.allSettled(ids.map((id) => acknowledgeAlarm(id)));
  const failed = results.filter((result) => result.status === 'rejected');
  const reason = failed[0]?.reason;
  useAcknowledging.setState({
    busy: false,
    problem:
      failed.length > 0
        ? `${failed.length} of ${ids.length} not acknowledged: ${reason instanceof Error ? reason.message : String(reason)}`
        : null,
  });
}
