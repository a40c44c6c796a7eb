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
      className="grid h-full min-h-0 grid-cols-1 content-start overflow-auto bg-pane md:grid-cols-[minmax(340px,2fr)_3fr] md:content-stretch md:overflow-hidden"
    >
      <div className="min-h-0 border-rule md:overflow-auto md:border-r">
        <h1 className="px-3 pt-2 text-[15px] font-semibold">Take a call</h1>
        {mayOperate(session) ? (
          <CallForm meter={meter} onMeter={setMeter} />
        ) : (
          <p className="px-3 py-2 text-dim">Taking calls needs the operator role; you are {session.role}.</p>
        )}
        {meter !== null && <MeterStandingView key={meter} meter={meter} />}
      </div>
      <div className="flex min-h-[320px] min-w-0 flex-col border-t border-rule md:min-h-0 md:border-t-0">
        <CallList session={session} onMeter={setMeter} />
      </div>
    </section>
  );
}
