import { lazy, type ReactNode, Suspense, useEffect, useState } from 'react';
import type { Session } from '#model/api/common.ts';
import { AlarmsPane } from '../alarms/alarms_pane.tsx';
import { startLive, useLive } from '../lib/push/live_store.ts';
import { MapPane } from '../map/map_pane.tsx';
import { loadNetwork } from '../map/network_store.ts';
import { useNameOfPick } from '../network/selected_place.ts';
import { EventsPane } from '../outages/events_pane.tsx';
import { StormBanner } from '../storm/storm_banner.tsx';
import { TrendPane } from '../trend/trend_pane.tsx';
import { Banner } from './banner.tsx';
import { GuideLine } from './guide_line.tsx';
import { Header } from './header.tsx';
import { defaultLayout, type Layout, loadLayout, saveLayout } from './layout.ts';
import { PaneSkeleton } from './pane.tsx';
import { phoneQuery, useScreen } from './screen_store.ts';
import { Splitter } from './splitter.tsx';
import type { PaneName } from './url_state.ts';
import { startUrlSync } from './url_sync.ts';
import { useKeyboard } from './use_keyboard.ts';

// what the first paint does not need comes when it is asked for
const ChangePassword = lazy(async () => ({ default: (await import('../session/change_password.tsx')).ChangePassword }));
const DetailPane = lazy(async () => ({ default: (await import('./detail_pane.tsx')).DetailPane }));
const Help = lazy(async () => ({ default: (await import('./help.tsx')).Help }));
const Palette = lazy(async () => ({ default: (await import('./palette.tsx')).Palette }));

/** The operator's screen: header, four panes, details of the selection. */
export function Center({ session, page }: { session: Session; page: ReactNode }) {
  const [changing, setChanging] = useState(session.must_change_password);
  const helpOpen = useScreen((screen) => screen.helpOpen);
  const paletteOpen = useScreen((screen) => screen.paletteOpen);
  const alone = useScreen((screen) => screen.pane);
  const networkVersion = useLive((live) => live.networkVersion);
  const connection = useLive((live) => live.connection);
  const phone = usePhone();

  useEffect(() => {
    const endLive = startLive();
    const endUrl = startUrlSync();
    void loadNetwork();
    return () => {
      endLive();
      endUrl();
    };
  }, []);
  useEffect(() => {
    if (networkVersion !== null) void loadNetwork(networkVersion);
  }, [networkVersion]);
  useKeyboard();
  useNameOfPick();

  return (
    <div className="flex h-full flex-col" data-connection={connection}>
      <button
        type="button"
        className="absolute -top-10 left-2 z-50 bg-raised px-3 py-1 focus:top-1"
        onClick={() => document.getElementById('panes')?.focus()}
      >
        Skip to the panes
      </button>
      <Header session={session} onChangePassword={() => setChanging(true)} />
      <Banner />
      <StormBanner />
      <main
        id="panes"
        tabIndex={-1}
        className={`min-h-0 flex-1 outline-none ${connection === 'lost' ? 'lost-values' : ''}`}
      >
        {page ??
          (alone ? (
            <One name={alone} session={session} alone />
          ) : phone ? (
            <Tabs session={session} />
          ) : (
            <Four session={session} />
          ))}
      </main>
      {!phone && !alone && !page && <GuideLine />}
      <Suspense>
        {helpOpen && <Help />}
        {paletteOpen && <Palette />}
        {changing && <ChangePassword session={session} onClose={() => setChanging(false)} />}
      </Suspense>
    </div>
  );
}

function One({ name, session, alone }: { name: PaneName; session: Session; alone: boolean }) {
  if (name === 'events') return <EventsPane alone={alone} />;
  if (name === 'map') return <MapPane alone={alone} />;
  if (name === 'alarms') return <AlarmsPane alone={alone} session={session} />;
  if (name === 'trend') return <TrendPane alone={alone} />;
  return (
    <Suspense fallback={<PaneSkeleton />}>
      <DetailPane session={session} alone={alone} />
    </Suspense>
  );
}

function Four({ session }: { session: Session }) {
  const [layout, setLayout] = useState<Layout>(loadLayout);
  const detailOpen = useScreen((screen) => screen.detailOpen && screen.selection !== null);
  const change = (part: Partial<Layout>) => {
    setLayout((before) => {
      const next = { ...before, ...part };
      saveLayout(next);
      return next;
    });
  };
  const percent = (share: number) => `${(share * 100).toFixed(2)}%`;
  return (
    <div className="flex h-full min-h-0">
      <div className="flex min-w-0 flex-1">
        <div className="flex min-w-0 flex-col" style={{ width: percent(layout.left) }}>
          <div className="min-h-0" style={{ height: percent(layout.leftTop) }}>
            <EventsPane alone={false} />
          </div>
          <Splitter
            orientation="horizontal"
            label="Border between events and alarms"
            share={layout.leftTop}
            initial={defaultLayout.leftTop}
            onShare={(leftTop) => change({ leftTop })}
          />
          <div className="min-h-0 flex-1">
            <AlarmsPane alone={false} session={session} />
          </div>
        </div>
        <Splitter
          orientation="vertical"
          label="Border between lists and map"
          share={layout.left}
          initial={defaultLayout.left}
          onShare={(left) => change({ left })}
        />
        <div className="flex min-w-0 flex-1 flex-col">
          <div className="min-h-0" style={{ height: percent(layout.rightTop) }}>
            <MapPane alone={false} />
          </div>
          <Splitter
            orientation="horizontal"
            label="Border between map and trend"
            share={layout.rightTop}
            initial={defaultLayout.rightTop}
            onShare={(rightTop) => change({ rightTop })}
          />
          <div className="min-h-0 flex-1">
            <TrendPane alone={false} />
          </div>
        </div>
      </div>
      {detailOpen && (
        <div className="w-[352px] shrink-0 border-l-[5px] border-ground">
          <One name="detail" session={session} alone={false} />
        </div>
      )}
    </div>
  );
}

const tabs: { name: PaneName; label: string }[] = [
  { name: 'events', label: 'Events' },
  { name: 'map', label: 'Map' },
  { name: 'alarms', label: 'Alarms' },
  { name: 'trend', label: 'Trend' },
  { name: 'detail', label: 'Details' },
];

function Tabs({ session }: { session: Session }) {
  const tab = useScreen((screen) => screen.tab);
  return (
    <div className="flex h-full flex-col">
      <div className="min-h-0 flex-1" role="tabpanel" aria-label={tab}>
        <One name={tab} session={session} alone={false} />
      </div>
      <div role="tablist" aria-label="Panes" className="flex shrink-0 border-t border-rule bg-pane">
        {tabs.map(({ name, label }) => (
          <button
            key={name}
            type="button"
            role="tab"
            aria-selected={tab === name}
            onClick={() => useScreen.setState({ tab: name })}
            className={`min-h-12 flex-1 border-t-2 ${tab === name ? 'border-accent text-ink' : 'border-transparent text-dim'}`}
          >
            {label}
          </button>
        ))}
      </div>
    </div>
  );
}

const narrow = matchMedia(phoneQuery);

function usePhone(): boolean {
  const [phone, setPhone] = useState(narrow.matches);
  useEffect(() => {
    const change = () => setPhone(narrow.matches);
    narrow.addEventListener('change', change);
    return () => narrow.removeEventListener('change', change);
  }, []);
  return phone;
}
