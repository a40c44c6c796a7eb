import { useScreen } from '../app/screen_store.ts';
import { useTimeView } from '../app/use_time_view.ts';
import { useLive } from '../lib/push/live_store.ts';
import { formatTime } from '../lib/time/format.ts';
import { useStormModes } from './use_storm.ts';

/** Storm mode in words across every page: it changes what the other numbers mean. */
export function StormBanner() {
  const view = useTimeView();
  const modes = useStormModes();
  const lost = useLive((live) => live.connection === 'lost');
  const stormy = (modes.data ?? []).filter(({ on }) => on);
  const suggested = (modes.data ?? []).filter(({ suggestion }) => suggestion !== null);
  if (stormy.length === 0 && suggested.length === 0) return null;
  const open = () => useScreen.setState({ page: 'storm', pane: null });
  const since = stormy.map((mode) => mode.since ?? '').sort()[0];
  return (
    <div
      role="status"
      data-storm={stormy.length > 0 ? 'on' : 'suggested'}
      className={`flex flex-wrap items-baseline gap-x-3 border-b border-rule bg-raised px-3 py-0.5 text-[12px] ${lost ? 'lost-values' : ''}`}
    >
      {stormy.length > 0 && (
        <span>
          <strong className="rounded-sm bg-badground px-1.5 font-bold tracking-wider text-white">STORM MODE</strong>{' '}
          {stormy.length === modes.data?.length && stormy.length > 1
            ? 'in all areas'
            : `in ${stormy.map(({ name }) => name).join(', ')}`}{' '}
          <span className="text-dim">
            since {formatTime(since, view)}
            <span className="max-sm:hidden">
              : storm thresholds, sampling when messages flood in, simulated restoration times
            </span>
          </span>
        </span>
      )}
      {suggested.slice(0, 2).map(({ area_id, name, suggestion }) => (
        <span key={area_id} className="text-warn">
          ▲ {name}: switch storm mode {suggestion?.on ? 'on' : 'off'}? {suggestion?.why}
        </span>
      ))}
      <button type="button" className="ml-auto underline underline-offset-2" onClick={open}>
        storm board
      </button>
    </div>
  );
}
