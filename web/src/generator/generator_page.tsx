import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { useDeferredValue, useState } from 'react';
import { type GeneratorOptions, generatorDefaults } from '#model/generator.ts';
import { DataAge, PaneMessage, PaneSkeleton } from '../app/pane.tsx';
import { createGeneratorJob, getGeneratorEstimate, getGeneratorJobs } from '../lib/api/endpoints.ts';
import { useLive } from '../lib/push/live_store.ts';
import { mayEngineer, useSession } from '../session/session_store.ts';
import { Estimate } from './estimate.tsx';
import { RunForm } from './form.tsx';
import { formProblems } from './options.ts';
import { Runs } from './runs.tsx';

/** Generated readings, by the same runs as `flux generate`. */
export function GeneratorPage() {
  const session = useSession(({ now }) => (now.state === 'in' ? now.session : null));
  const isAllowed = session !== null && mayEngineer(session);
  return (
    <section aria-label="Generator" className="h-full overflow-auto bg-pane">
      <div className="mx-auto max-w-[1360px] px-3 py-4 sm:px-5">
        <h1 className="text-lg font-semibold">Generator</h1>
        <p className="mb-4 text-dim">
          Readings of this territory's meters, 96 a day each, the same for the same seed; the page runs what the command
          runs.
        </p>
        {isAllowed ? (
          <Workbench />
        ) : (
          <PaneMessage title="Runs are for engineers">Your role may look at the pipeline.</PaneMessage>
        )}
      </div>
    </section>
  );
}

function Workbench() {
  const [options, setOptions] = useState<GeneratorOptions>(() => generatorDefaults(Date.now()));
  const client = useQueryClient();
  const connection = useLive((live) => live.connection);
  const problems = formProblems(options, Date.now());
  const isWrong = Object.keys(problems).length > 0;
  const asked = useDeferredValue(options);
  const estimate = useQuery({
    queryKey: ['generator-estimate', asked],
    queryFn: async ({ signal }) => {
      // what is still being typed is not asked for
      await new Promise((resolve) => setTimeout(resolve, 250));
      return getGeneratorEstimate(asked, signal);
    },
    enabled: !isWrong && asked === options,
    placeholderData: (before) => before,
    retry: false,
  });
  const jobs = useQuery({
    queryKey: ['generator-jobs'],
    queryFn: ({ signal }) => getGeneratorJobs(signal),
    refetchInterval: ({ state }) =>
      state.data?.some((job) => job.state === 'running' || job.state === 'queued') ? 1000 : 5000,
  });
  const start = useMutation({
    mutationFn: () => createGeneratorJob(options),
    onSuccess: () => client.invalidateQueries({ queryKey: ['generator-jobs'] }),
  });
  const runCount = jobs.data?.length ?? 0;
  return (
    <>
      {runCount > 0 && (
        <button
          type="button"
          className="button mb-3 lg:hidden"
          onClick={() => document.getElementById('runs')?.scrollIntoView()}
        >
          Runs ({runCount}) ↓
        </button>
      )}
      <div className="grid items-start gap-6 lg:grid-cols-[minmax(0,440px)_minmax(0,1fr)]">
        <form
          aria-label="New run"
          className="border border-rule px-3 pt-3"
          onSubmit={(event) => {
            event.preventDefault();
            if (!isWrong) start.mutate();
          }}
        >
          <RunForm options={options} problems={problems} change={(part) => setOptions({ ...options, ...part })} />
          <div className="-mx-3 border-t border-rule bg-pane p-3 sm:sticky sm:bottom-0">
            <Estimate estimate={estimate} isWrong={isWrong} />
            <div className="mt-3 flex flex-wrap items-center gap-2">
              <button
                type="submit"
                className="button button-primary"
                disabled={isWrong || estimate.isError || start.isPending || connection !== 'live'}
              >
                {start.isPending ? 'Starting…' : 'Start run'}
              </button>
              <button type="button" className="button" onClick={() => setOptions(generatorDefaults(Date.now()))}>
                Defaults
              </button>
              {connection === 'lost' && <span className="text-bad">No connection: nothing can be started.</span>}
            </div>
            {start.error && (
              <p role="alert" className="mt-2 text-bad">
                {start.error.message}
              </p>
            )}
          </div>
        </form>
        <section id="runs" aria-label="Runs" className="min-w-0">
          <div className="mb-2 flex items-baseline gap-3">
            <h2 className="font-semibold">Runs</h2>
            <span className="ml-auto text-[12px]">
              <DataAge
                at={jobs.dataUpdatedAt ? new Date(jobs.dataUpdatedAt).toISOString() : null}
                label="list of runs"
              />
            </span>
          </div>
          {jobs.isPending ? (
            <PaneSkeleton rows={5} />
          ) : jobs.isError && !jobs.data ? (
            <PaneMessage
              title="The runs could not be read"
              bad
              action={{ label: 'Try again', run: () => void jobs.refetch() }}
            >
              {jobs.error.message}
            </PaneMessage>
          ) : (jobs.data ?? []).length === 0 ? (
            <div className="border border-rule">
              <PaneMessage title="No run yet">
                The form is set to yesterday, all meters, into this store: start it, or choose what you need first.
              </PaneMessage>
            </div>
          ) : (
            <>
              {jobs.isError && (
                <p role="alert" className="mb-2 border-l-2 border-bad pl-3 text-bad">
                  {jobs.error.message} Shown is the last known state.
                </p>
              )}
              <Runs jobs={jobs.data ?? []} again={(before) => setOptions(before)} />
            </>
          )}
        </section>
      </div>
    </>
  );
}
