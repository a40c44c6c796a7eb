import type { Session } from '#model/api/common.ts';
import type { OutageVerb } from '#model/api/outages.ts';
import { useMayEdit } from '../app/banner.tsx';
import { Block } from '../app/facts.tsx';
import { useScreen } from '../app/screen_store.ts';
import { words } from '../lib/time/format.ts';
import { mayOperate } from '../session/session_store.ts';
import { VerbForm } from './verb_form.tsx';

const keyOf: Partial<Record<OutageVerb, string>> = {
  confirm: 'c',
  reject: 'x',
  assign: 'a',
  unassign: 'A',
  move: 'u d',
  merge: 'm',
  restore: 'r',
};

/** What the present state allows; every verb opens its own small form, so that no slip of a key changes the grid. */
export function OutageActions({
  id,
  revision,
  allowed,
  session,
}: {
  id: string;
  revision: number;
  allowed: OutageVerb[] | null;
  session: Session;
}) {
  const verb = useScreen((screen) => screen.askVerb);
  const mayEdit = useMayEdit();
  const operator = mayOperate(session);
  if (allowed === null) return null;
  return (
    <Block title="Actions">
      <div className="flex flex-wrap gap-1.5 px-3 py-2">
        {allowed.map((candidate) => (
          <button
            key={candidate}
            type="button"
            disabled={!mayEdit || !operator}
            aria-pressed={verb === candidate}
            className={`button ${verb === candidate ? 'border-accent' : ''}`}
            onClick={() => useScreen.setState({ askVerb: verb === candidate ? null : candidate })}
          >
            <span className="inline-block first-letter:uppercase">{words(candidate)}</span>
            {keyOf[candidate] && <span className="key">{keyOf[candidate]}</span>}
          </button>
        ))}
        {allowed.length === 0 && <span className="text-dim">Nothing is left to do with this event.</span>}
      </div>
      {!operator && (
        <p className="px-3 pb-2 text-dim">Working an event needs the operator role; you are {session.role}.</p>
      )}
      {operator && !mayEdit && <p className="px-3 pb-2 text-dim">Blocked while the connection is not live.</p>}
      {verb && allowed.includes(verb) && operator && (
        <VerbForm key={verb} id={id} verb={verb} revision={revision} mayEdit={mayEdit} />
      )}
      {verb && !allowed.includes(verb) && (
        <p className="px-3 pb-2 text-warn" role="status">
          “{words(verb)}” is not possible in the present state.
        </p>
      )}
    </Block>
  );
}
