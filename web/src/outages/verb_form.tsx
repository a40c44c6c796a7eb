import { useMutation, useQueryClient } from '@tanstack/react-query';
import { type FormEvent, useEffect, useRef, useState } from 'react';
import { type OutageAction, type OutageChangeNote, type OutageVerb, verbsWithReason } from '#model/api/outages.ts';
import { Problem } from '../app/facts.tsx';
import { ReasonField } from '../app/reason_field.tsx';
import { useScreen } from '../app/screen_store.ts';
import { useTimeView } from '../app/use_time_view.ts';
import { kindWords } from '../crews/board.ts';
import { useCrews } from '../crews/use_crews.ts';
import { ApiFailure } from '../lib/api/client.ts';
import { actOnOutage } from '../lib/api/endpoints.ts';
import { learnOutage, useLive } from '../lib/push/live_store.ts';
import { formatCount, formatTimeSeconds, words } from '../lib/time/format.ts';

const withCause: ReadonlySet<OutageVerb> = new Set(['confirm', 'assign', 'arrive', 'restore', 'complete', 'close']);
/** What crews find most; anything else may be typed. */
const causes = ['tree', 'lightning', 'wind', 'ice', 'animal', 'vehicle', 'equipment', 'overload', 'dig-in', 'unknown'];

interface FormProps {
  id: string;
  verb: OutageVerb;
  revision: number;
  mayEdit: boolean;
}

/** What a verb needs to know. It is sent with the revision that was on the screen when the form was opened. */
export function VerbForm({ id, verb, revision, mayEdit }: FormProps) {
  const queries = useQueryClient();
  const form = useRef<HTMLFormElement>(null);
  const [seen, setSeen] = useState(revision);
  const close = () => useScreen.setState({ askVerb: null });
  const act = useMutation({
    mutationFn: (body: OutageAction) => actOnOutage(id, body),
    onSuccess: (answer) => {
      queries.setQueryData(['outage', id, answer.outage.revision], answer);
      learnOutage(answer.outage);
      close();
      void queries.invalidateQueries({ queryKey: ['outage', id] });
      void queries.invalidateQueries({ queryKey: ['evidence', id] });
    },
    onError: (error) => {
      // What is on the screen now includes what the other person did: the next try is decided on that.
      if (error instanceof ApiFailure && error.code === 'outage_changed') setSeen(Number(error.details.revision));
      void queries.invalidateQueries({ queryKey: ['outage', id] });
    },
  });
  // biome-ignore lint/correctness/useExhaustiveDependencies: a new verb puts the focus into its form
  useEffect(() => {
    form.current?.querySelector<HTMLElement>('input, select, button[type="submit"]')?.focus();
  }, [verb]);

  function submit(event: FormEvent<HTMLFormElement>) {
    event.preventDefault();
    const fields = new FormData(event.currentTarget);
    const given = Object.fromEntries(
      ['reason', 'crew', 'cause', 'into', 'device_id']
        .map((name) => [name, String(fields.get(name) ?? '').trim()] as const)
        .filter(([, text]) => text !== ''),
    );
    const direction = verb === 'move' && !given.device_id ? useScreen.getState().askDirection : undefined;
    act.mutate({ verb, revision: seen, ...given, ...(direction ? { direction } : {}) });
  }

  return (
    <form
      ref={form}
      onSubmit={submit}
      className="mx-3 mb-3 grid grid-cols-[minmax(0,1fr)] gap-2 border-l-2 border-accent pl-3"
    >
      <Fields id={id} verb={verb} />
      {withCause.has(verb) && (
        <label className="grid gap-0.5 text-dim">
          Cause (optional)
          <input name="cause" maxLength={80} className="field" list="causes" autoComplete="off" />
          <datalist id="causes">
            {causes.map((cause) => (
              <option key={cause} value={cause} />
            ))}
          </datalist>
        </label>
      )}
      <ReasonField required={verbsWithReason.has(verb)} />
      <Trouble error={act.error} />
      <div className="flex gap-2">
        <button type="submit" disabled={!mayEdit || act.isPending} className="button button-primary">
          <span className="inline-block first-letter:uppercase">{act.isPending ? 'Sending…' : words(verb)}</span>
        </button>
        <button type="button" className="button" onClick={close}>
          Cancel
        </button>
      </div>
    </form>
  );
}

/** What somebody else did meanwhile, in their words; sending again means: all the same. */
function Trouble({ error }: { error: Error | null }) {
  const view = useTimeView();
  if (!error) return null;
  if (!(error instanceof ApiFailure) || error.code !== 'outage_changed') return <Problem error={error} />;
  const changes = error.details.changes as OutageChangeNote[];
  return (
    <div role="alert" className="border-l-2 border-warn pl-3">
      <p className="text-warn">Changed since you opened this form; nothing was done.</p>
      <ul>
        {changes.map((change) => (
          <li key={`${change.at} ${change.verb}`}>
            <span className="text-dim">{formatTimeSeconds(change.at, view)}</span> <strong>{change.actor}</strong>:{' '}
            {words(change.verb)} → {words(change.to_state)}
            {change.reason && <span className="text-dim"> · {change.reason}</span>}
          </li>
        ))}
      </ul>
      <p className="text-dim">Send again to do it all the same.</p>
    </div>
  );
}

function Fields({ id, verb }: { id: string; verb: OutageVerb }) {
  if (verb === 'unassign') return <CrewThatLeaves id={id} />;
  if (verb === 'assign') return <CrewField />;
  if (verb === 'merge') return <MergeField id={id} />;
  if (verb === 'move') return <MoveField />;
  if (verb === 'split' || verb === 'restore_part')
    return (
      <label className="grid gap-0.5 text-dim">
        {verb === 'split' ? 'Device whose customers become an outage of their own' : 'Device whose customers are back'}
        <input name="device_id" required maxLength={128} className="field" autoComplete="off" />
      </label>
    );
  return null;
}

/** Any crew by its name; those that can go now are proposed. */
function CrewField() {
  const { crews } = useCrews();
  return (
    <label className="grid gap-0.5 text-dim">
      Crew
      <input name="crew" required maxLength={80} className="field" list="crews-free" autoComplete="off" />
      <datalist id="crews-free">
        {crews
          ?.filter(({ can_be_assigned }) => can_be_assigned)
          .map((crew) => (
            <option key={crew.id} value={crew.id}>
              {kindWords[crew.kind].name}, {words(crew.status)}
            </option>
          ))}
      </datalist>
    </label>
  );
}

function CrewThatLeaves({ id }: { id: string }) {
  const crew = useLive((live) => live.outages.get(id)?.crew ?? null);
  return (
    <p>
      <strong>{crew ?? 'No crew'}</strong> {crew === null ? 'is named.' : 'is taken off this outage.'}
      <span className="text-dim"> The crew board lets its job go.</span>
    </p>
  );
}

/** The open outages of the same feeder first: what is merged is next to each other. */
function MergeField({ id }: { id: string }) {
  const outages = useLive((live) => live.outages);
  const mine = outages.get(id);
  const others = [...outages.values()]
    .filter((other) => other.id !== id && other.restored_at === null && other.area_id === mine?.area_id)
    .sort(
      (a, b) =>
        Number(b.feeder_id === mine?.feeder_id) - Number(a.feeder_id === mine?.feeder_id) ||
        b.customers_out - a.customers_out,
    )
    .slice(0, 200);
  return (
    <label className="grid min-w-0 grid-cols-[minmax(0,1fr)] gap-0.5 text-dim">
      Into
      <select name="into" required className="field w-full min-w-0">
        {others.length === 0 && <option value="">no other outage is open here</option>}
        {others.map((other) => (
          <option key={other.id} value={other.id}>
            {other.device_id} on {other.feeder_name}, {formatCount(other.customers_out)} out
          </option>
        ))}
      </select>
    </label>
  );
}

function MoveField() {
  const direction = useScreen((screen) => screen.askDirection);
  return (
    <>
      <fieldset className="flex gap-3">
        <legend className="text-dim">Where to</legend>
        {(['up', 'down'] as const).map((one) => (
          <label key={one} className="flex items-center gap-1">
            <input
              type="radio"
              name="direction"
              checked={direction === one}
              onChange={() => useScreen.setState({ askDirection: one })}
            />
            {one === 'up' ? 'one device up' : 'down to the darkest branch'}
          </label>
        ))}
      </fieldset>
      <label className="grid gap-0.5 text-dim">
        or to this device
        <input name="device_id" maxLength={128} className="field" autoComplete="off" />
      </label>
    </>
  );
}
