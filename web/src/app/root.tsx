import { type ComponentType, lazy, Suspense, useEffect } from 'react';
import type { Session } from '#model/api/common.ts';
import { useLive } from '../lib/push/live_store.ts';
import { resumeSession, useSession } from '../session/session_store.ts';
import { SignIn } from '../session/sign_in.tsx';
import { Center } from './center.tsx';
import { Mark } from './mark.tsx';
import type { PageName } from './pages.ts';
import { PaneSkeleton } from './pane.tsx';
import { useScreen } from './screen_store.ts';

// a page comes when it is gone to: the operator's screen does not carry it
const pageViews: Partial<Record<PageName, ComponentType<{ session: Session }>>> = {
  calls: lazy(async () => ({ default: (await import('../calls/calls_page.tsx')).CallsPage })),
  crews: lazy(async () => ({ default: (await import('../crews/crews_page.tsx')).CrewsPage })),
  switching: lazy(async () => ({ default: (await import('../switching/switching_page.tsx')).SwitchingPage })),
  storm: lazy(async () => ({ default: (await import('../storm/storm_page.tsx')).StormPage })),
  pipeline: lazy(async () => ({ default: (await import('../pipeline/pipeline_page.tsx')).PipelinePage })),
  restoration: lazy(async () => ({ default: (await import('../etr/etr_page.tsx')).EtrPage })),
  validation: lazy(async () => ({ default: (await import('../vee/vee_page.tsx')).VeePage })),
  reliability: lazy(async () => ({ default: (await import('../reliability/reliability_page.tsx')).ReliabilityPage })),
  generator: lazy(async () => ({ default: (await import('../generator/generator_page.tsx')).GeneratorPage })),
};

/** Who sits here decides what stands here: the question, the sign-in, or the center. */
export function Root() {
  const now = useSession((session) => session.now);
  const theme = useScreen((screen) => screen.theme);
  const page = useScreen((screen) => screen.page);
  const refused = useLive((live) => live.refused);

  useEffect(() => {
    document.documentElement.dataset.theme = theme;
  }, [theme]);
  useEffect(() => {
    if (useSession.getState().now.state === 'asking' || refused > 0) void resumeSession();
  }, [refused]);

  const Page = pageViews[page];
  if (now.state === 'out') return <SignIn message={now.message} />;
  if (now.state === 'in') {
    return (
      <Center
        session={now.session}
        page={
          Page ? (
            <Suspense fallback={<PaneSkeleton rows={10} />}>
              <Page session={now.session} />
            </Suspense>
          ) : null
        }
      />
    );
  }
  return (
    <main className="grid h-full place-items-center">
      <div className="flex items-center gap-3 text-dim" role="status">
        <Mark size={28} />
        {now.state === 'asking' ? (
          'Opening the center…'
        ) : (
          <>
            <span>{now.message}</span>
            <button type="button" className="button" onClick={() => void resumeSession()}>
              Try again
            </button>
          </>
        )}
      </div>
    </main>
  );
}
