import { lazy, type ReactNode, Suspense, useMemo } from 'react';
import type { Session } from '#model/api/common.ts';
import { alarmTotals } from '../alarms/fold.ts';
import { useLive } from '../lib/push/live_store.ts';
import {
  formatAge,
  formatCount,
  formatEtr,
  formatPower,
  formatShare,
  formatTimeSeconds,
  zoneName,
} from '../lib/time/format.ts';
import { useNow } from '../lib/time/use_now.ts';
import { customersOfArea } from '../map/area.ts';
import { useNetwork } from '../map/network_store.ts';
import { modeOf, modeRule, totalsOf } from '../outages/events.ts';
import { useStormModes } from '../storm/use_storm.ts';
import { PhoneIcon } from './icon.tsx';
import { Mark } from './mark.tsx';
import { Nav } from './nav.tsx';
import { toggleUtc, useScreen } from './screen_store.ts';
import { useTimeView } from './use_time_view.ts';

const UserMenu = lazy(async () => ({ default: (await import('./user_menu.tsx')).UserMenu }));

/** What an operator must know without looking for it. */
export function Header({ session, onChangePassword }: { session: Session; onChangePassword: () => void }) {
  const area = useScreen((screen) => screen.area);
  const outages = useLive((live) => live.outages);
  const alarms = useLive((live) => live.alarms);
  const kpi = useLive((live) => live.kpi);
  const connection = useLive((live) => live.connection);
  const heardAtMs = useLive((live) => live.heardAtMs);
  const data = useNetwork((network) => network.data);
  const now = useNow();
  const view = useTimeView();
  const totals = useMemo(() => totalsOf(outages.values(), area), [outages, area]);
  const unacknowledged = useMemo(() => alarmTotals(alarms.values()), [alarms]);
  const customers = (area !== null && data && customersOfArea(data, area)) || kpi?.meters_total || 0;
  const known = kpi !== null;
  const stormy = useStormModes().data?.some(({ on, area_id }) => on && (area === null || area_id === area)) ?? false;
  const mode = modeOf(totals.events, totals.customersOut, customers, stormy);
  const silentS = (performance.now() - heardAtMs) / 1000;
  const passedS = kpi ? Math.max(0, (now - Date.parse(kpi.at)) / 1000) : 0;
  const aged = (s: number | null | undefined) => formatAge(s === null || s === undefined ? null : s + passedS);

  return (
    <header
      className={`shrink-0 border-b border-rule bg-pane ${connection === 'lost' ? 'border-b-2 border-b-bad' : ''}`}
    >
      <div
        className={`flex min-h-10 flex-wrap items-center gap-x-2.5 gap-y-0.5 px-3 py-1 sm:gap-x-5 ${connection === 'lost' ? 'lost-facts' : ''}`}
      >
        <button
          type="button"
          className="flex items-center gap-2 font-semibold tracking-[0.14em]"
          onClick={() => useScreen.setState({ page: 'center', pane: null })}
          aria-label="FLUX, the center"
        >
          <Mark size={21} /> <span className="hidden sm:inline">FLUX</span>
        </button>
        <Nav />
        <AreaSelect session={session} />
        <button
          type="button"
          onClick={toggleUtc}
          title="Utility time or UTC (U)"
          className="whitespace-nowrap text-ink hover:text-accent"
        >
          <span className="text-[15px] font-semibold">{formatTimeSeconds(now, view)}</span>{' '}
          <span className="text-dim">{zoneName(now, view)}</span>
        </button>
        <Fact label="OUT" title="Customers without supply now, share of all, open events">
          <strong className="text-[15px]">{known ? formatCount(totals.customersOut) : '—'}</strong> cust{' '}
          {known && <span className="text-dim">({formatShare(totals.customersOut, customers)})</span>}{' '}
          <span className="text-dim">in</span> <strong>{known ? formatCount(totals.events) : '—'}</strong> ev
          {totals.criticalOut > 0 && (
            <span className="ml-2 text-bad" title="Critical customers without supply">
              ▲ {formatCount(totals.criticalOut)} critical
            </span>
          )}
        </Fact>
        <Fact
          label="ETR P90"
          title={`When all open events are back with 90% confidence${totals.withoutEtr ? `; ${totals.withoutEtr} have no estimate yet` : ''}`}
        >
          <strong className="text-[15px]">{formatEtr(totals.etrP90, now, view)}</strong>
          {totals.etrP90 !== null && totals.withoutEtr > 0 && (
            <span className="hidden text-dim sm:inline"> +{totals.withoutEtr} without</span>
          )}
        </Fact>
        {known && mode !== 'normal' && (
          <span
            title={modeRule}
            className={`header-fact rounded-sm px-2 py-0.5 text-[12px] font-bold max-sm:order-2 tracking-wider ${mode === 'storm' ? 'bg-badground text-white' : 'border border-warn text-warn'}`}
          >
            {mode === 'storm' ? 'STORM' : 'ELEVATED'}
          </span>
        )}
        {known && mode === 'normal' && (
          <span title={modeRule} className="header-fact text-[12px] max-sm:order-2 tracking-wider text-dim">
            NORMAL
          </span>
        )}
        <div className="ml-auto flex items-center gap-1 max-sm:order-1">
          <button
            type="button"
            className="button"
            onClick={() => useScreen.setState({ paletteOpen: true })}
            title="Commands and search (Ctrl+K)"
          >
            <PhoneIcon title="Search">
              <circle cx="6" cy="6" r="4" />
              <path d="m9 9 4 4" />
            </PhoneIcon>
            <span className="hidden sm:inline">Search</span> <span className="key hidden sm:inline-block">Ctrl K</span>
          </button>
          <Suspense fallback={<span className="button">{session.user}</span>}>
            <UserMenu session={session} onChangePassword={onChangePassword} />
          </Suspense>
          <button
            type="button"
            className="button hidden px-2 sm:inline-flex"
            aria-label="Keyboard help"
            title="Keyboard help (?)"
            onClick={() => useScreen.setState({ helpOpen: true })}
          >
            ?
          </button>
        </div>
      </div>
      <div
        className={`flex min-h-6 flex-wrap items-center gap-x-5 border-t border-rule px-3 text-[12px] text-dim ${connection === 'lost' ? 'lost-facts' : ''}`}
      >
        <ConnectionState silentS={silentS} />
        <span
          title="Alarms nobody has acknowledged, those of high priority in brackets"
          className={`header-fact ${unacknowledged.unacknowledged > 0 ? 'text-ink' : ''}`}
        >
          <span className="sm:hidden">unack</span>
          <span className="hidden sm:inline">unacknowledged</span>{' '}
          <strong>{formatCount(unacknowledged.unacknowledged)}</strong>
          {unacknowledged.high > 0 && <span className="text-bad"> ({formatCount(unacknowledged.high)} high)</span>}
        </span>
        <span className="header-fact" title="How old the newest data of each kind is">
          age: outages {aged(kpi ? 0 : null)} · events {aged(kpi?.age_s.events)} · AMI {aged(kpi?.age_s.readings)} ·
          layers {aged(kpi?.age_s.layers)}
        </span>
        <span
          className="header-fact hidden md:inline"
          title="Meters whose newest interval began in the last 30 minutes, of all"
        >
          reporting {formatCount(kpi?.meters_reporting)} of {formatCount(kpi?.meters_total)} meters
        </span>
        <span className="header-fact hidden md:inline" title="Sum over meters of their newest interval">
          load {formatPower(kpi && kpi.meters_reporting > 0 ? kpi.load_mw * 1000 : null)}
        </span>
        <span className="header-fact hidden xl:inline" title="Readings that came in a second">
          {kpi ? `${formatCount(kpi.readings_per_s)} readings/s` : ''}
        </span>
      </div>
    </header>
  );
}

function Fact({ label, title, children }: { label: string; title: string; children: ReactNode }) {
  return (
    <span title={title} className="header-fact whitespace-nowrap max-sm:order-2">
      <span className="mr-1.5 text-[11px] tracking-[0.08em] text-dim">{label}</span>
      {children}
    </span>
  );
}

function ConnectionState({ silentS }: { silentS: number }) {
  const connection = useLive((live) => live.connection);
  const word = {
    connecting: '○ connecting…',
    live: `● live ${formatAge(silentS)}`,
    stale: `◐ stale ${formatAge(silentS)}`,
    lost: `✕ DISCONNECTED ${formatAge(silentS)}`,
  }[connection];
  const color = { connecting: '', live: 'text-ink', stale: 'text-warn', lost: 'font-semibold text-bad' }[connection];
  return (
    <span className={`min-w-20 ${color}`} data-testid="connection">
      {word}
    </span>
  );
}

function AreaSelect({ session }: { session: Session }) {
  const area = useScreen((screen) => screen.area);
  const areas = useNetwork((network) => network.data?.meta.areas);
  const allowed = areas?.filter(({ id }) => session.areas === null || session.areas.includes(id)) ?? [];
  return (
    <label className="flex items-center gap-1.5 text-dim">
      <span className="hidden text-[11px] tracking-[0.08em] sm:inline">AREA</span>
      <select
        className="field min-h-6 max-w-24 py-0 text-ink sm:max-w-36"
        aria-label="Area of responsibility"
        value={area ?? ''}
        onChange={(event) => useScreen.setState({ area: event.target.value || null })}
      >
        <option value="">all areas</option>
        {allowed.map(({ id, name }) => (
          <option key={id} value={id}>
            {name}
          </option>
        ))}
        {area !== null && !allowed.some(({ id }) => id === area) && <option value={area}>{area}</option>}
      </select>
    </label>
  );
}
