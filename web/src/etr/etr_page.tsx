import { useState } from 'react';
import type { Session } from '#model/api/common.ts';
import { Tabs } from '../app/tabs.tsx';
import { useLive } from '../lib/push/live_store.ts';
import { formatCount } from '../lib/time/format.ts';
import { Calibration } from './calibration.tsx';
import { OpenTimes } from './open_times.tsx';
import { Overrides } from './overrides.tsx';
import { WhatIfStudy } from './what_if_study.tsx';

type Tab = 'open' | 'calibration' | 'overrides' | 'study';
const tabs: { name: Tab; label: string }[] = [
  { name: 'open', label: 'Open outages' },
  { name: 'calibration', label: 'Calibration' },
  { name: 'overrides', label: 'Overrides' },
  { name: 'study', label: 'What if' },
];

/** Restoration times: how good they are, what people override, and what more crews would do. */
export function EtrPage({ session }: { session: Session }) {
  const [tab, setTab] = useState<Tab>('open');
  const outages = useLive((live) => live.outages);
  const open = [...outages.values()].filter(({ restored_at }) => restored_at === null);
  const without = open.filter(({ etr_p50 }) => etr_p50 === null).length;
  return (
    <section aria-label="Restoration times" className="flex h-full min-h-0 flex-col bg-pane">
      <div className="flex shrink-0 flex-wrap items-center gap-x-4 gap-y-1 border-b border-rule px-3 py-1.5">
        <h1 className="text-[15px] font-semibold">Restoration times</h1>
        <Tabs label="What to see" tabs={tabs} chosen={tab} choose={setTab} />
        <p className="text-[12px] text-dim">
          <strong className="text-ink">{formatCount(open.length)}</strong> open
          {without > 0 && <>, {formatCount(without)} without a time yet</>}
        </p>
      </div>
      <div className="min-h-0 flex-1 overflow-auto">
        {tab === 'open' && <OpenTimes outages={open} />}
        {tab === 'calibration' && <Calibration />}
        {tab === 'overrides' && <Overrides session={session} />}
        {tab === 'study' && (
          <div className="p-3">
            <WhatIfStudy session={session} />
          </div>
        )}
      </div>
    </section>
  );
}
