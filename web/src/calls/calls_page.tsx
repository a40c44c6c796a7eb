import { useState } from 'react';
import type { Session } from '#model/api/common.ts';
import { mayOperate } from '../session/session_store.ts';
import { CallForm } from './call_form.tsx';
import { CallList } from './call_list.tsx';
import { MeterStandingView } from './standing_view.tsx';

/** For who answers the phone: find the meter, say what is known of it, file the call. */
export function CallsPage({ session }: { session: Session }) {
  const [meter, setMeter] = useState<string | null>(null);
  return (
    <section
      aria-label="Trouble calls"
      className="flex h-full min-h-0 flex-col overflow-auto bg-pane md:grid md:grid-cols-[minmax(340px,2fr)_3fr] md:overflow-hidden"
    >
      <div className="min-w-0 border-rule md:min-h-0 md:overflow-auto md:border-r">
        <h1 className="px-3 pt-2 text-[15px] font-semibold">Take a call</h1>
        {mayOperate(session) ? (
          <CallForm meter={meter} onMeter={setMeter} />
        ) : (
          <p className="px-3 py-2 text-dim">Taking calls needs the operator role; you are {session.role}.</p>
        )}
        {meter !== null && <MeterStandingView key={meter} meter={meter} />}
      </div>
      <div className="flex h-[420px] min-w-0 shrink-0 flex-col border-t border-rule md:h-auto md:min-h-0 md:shrink md:border-t-0">
        <CallList session={session} onMeter={setMeter} />
      </div>
    </section>
  );
}
