import { useMutation, useQueryClient } from '@tanstack/react-query';
import { type FormEvent, type KeyboardEvent, useDeferredValue, useEffect, useRef, useState } from 'react';
import type { CallReport } from '#model/api/calls.ts';
import { callKinds } from '#model/api/outages.ts';
import { useMayEdit } from '../app/banner.tsx';
import { Problem } from '../app/facts.tsx';
import { fileCall } from '../lib/api/endpoints.ts';
import { words } from '../lib/time/format.ts';
import { leastLetters, useMatches } from './use_matches.ts';

/**
 * The caller's place is looked up while it is typed; the highlighted meter is the one that is shown. Enter files the call
 * once it is clear which meter is meant; a place that names no meter is filed in words, to be placed later. An Enter
 * while the search runs waits for its end; then it files what the text names, and only chooses what nobody has seen yet.
 */
export function CallForm({ meter, onMeter }: { meter: string | null; onMeter: (meter: string | null) => void }) {
  const queries = useQueryClient();
  const mayEdit = useMayEdit();
  const field = useRef<HTMLInputElement>(null);
  const [text, setText] = useState('');
  const [at, setAt] = useState(0);
  /** one id for one call, however often its Enter is pressed */
  const [id, setId] = useState(() => crypto.randomUUID());
  const wanted = useDeferredValue(text.trim());
  const { matches, isFetching } = useMatches(wanted);
  const isSettled = wanted === text.trim() && !isFetching;
  const isSearching = !isSettled && text.trim().length >= leastLetters;
  /** what an Enter waits for: typing on takes it back */
  const [entered, setEntered] = useState<string | null>(null);
  const match = matches[Math.min(at, matches.length - 1)];
  const highlighted = match?.meter ?? null;
  const isClear =
    isSettled && highlighted !== null && (matches.length === 1 || highlighted.toLowerCase() === wanted.toLowerCase());
  const inWords = isSettled && highlighted === null && wanted.length >= leastLetters;
  const file = useMutation({
    mutationFn: (report: CallReport) => fileCall(report),
    onSuccess: () => {
      setText('');
      setId(crypto.randomUUID());
      onMeter(null);
      field.current?.form?.reset();
      field.current?.focus();
      void queries.invalidateQueries({ queryKey: ['calls'] });
    },
  });
  useEffect(() => {
    field.current?.focus();
  }, []);
  useEffect(() => {
    // while the search runs the list is that of an earlier text
    if (isSettled && highlighted !== null) onMeter(highlighted);
  }, [isSettled, highlighted, onMeter]);
  const isFound = entered !== null && isSettled;
  // biome-ignore lint/correctness/useExhaustiveDependencies: once, when the search that an Enter waits for has ended
  useEffect(() => {
    if (!isFound) return;
    setEntered(null);
    const form = field.current?.form;
    if (form && entered === wanted && mayEdit && !file.isPending) take(form, match?.isNamed === true);
  }, [isFound]);

  function press(event: KeyboardEvent) {
    if (event.key === 'ArrowDown' || event.key === 'ArrowUp') {
      event.preventDefault();
      setEntered(null);
      const step = event.key === 'ArrowDown' ? 1 : -1;
      setAt((now) => Math.max(0, Math.min(matches.length - 1, now + step)));
    }
  }

  function submit(event: FormEvent<HTMLFormElement>) {
    event.preventDefault();
    if (isSearching) setEntered(text.trim());
    else take(event.currentTarget, isClear);
  }

  /** @param mayFile the highlighted meter is known to be meant; else this says that it is */
  function take(form: HTMLFormElement, mayFile: boolean) {
    if (highlighted !== null && !mayFile) {
      setText(highlighted);
      setAt(0);
      return;
    }
    if (highlighted === null && !inWords) return;
    const fields = new FormData(form);
    const given = (name: string) => String(fields.get(name) ?? '').trim();
    file.mutate({
      id,
      ...(highlighted !== null ? { meter: highlighted } : { place: wanted }),
      kind: given('kind') as CallReport['kind'],
      ...(given('words') ? { words: given('words') } : {}),
      ...(given('callback') ? { callback: given('callback') } : {}),
    });
  }

  return (
    <form onSubmit={submit} className="grid gap-2 px-3 py-2">
      <label className="grid min-w-0 gap-0.5 text-dim">
        Meter, account, address, or the place in words
        <input
          ref={field}
          id="call-place"
          type="search"
          role="combobox"
          aria-expanded={matches.length > 0}
          aria-controls="call-matches"
          aria-activedescendant={highlighted === null ? undefined : `call-match-${highlighted}`}
          className="field w-full min-w-0"
          autoComplete="off"
          maxLength={300}
          value={text}
          onKeyDown={press}
          onChange={(event) => {
            setText(event.target.value);
            setAt(0);
            setEntered(null);
            if (event.target.value.trim().length < leastLetters) onMeter(null);
          }}
        />
      </label>
      {matches.length > 0 && !isClear && (
        <div id="call-matches" role="listbox" aria-label="Places" className="border border-rule">
          {matches.map((match, i) => (
            <button
              key={match.meter}
              id={`call-match-${match.meter}`}
              type="button"
              role="option"
              tabIndex={-1}
              aria-selected={i === at}
              className={`block w-full px-2 py-0.5 text-left ${i === at ? 'bg-chosen' : 'hover:bg-hover'}`}
              onClick={() => {
                setText(match.meter);
                setAt(0);
                field.current?.focus();
              }}
            >
              {match.meter}
              {match.found !== null && <span className="pl-2 text-dim">{match.found}</span>}
            </button>
          ))}
        </div>
      )}
      <div className="grid grid-cols-2 gap-2">
        <label className="grid min-w-0 gap-0.5 text-dim">
          What is wrong
          <select name="kind" className="field w-full min-w-0" defaultValue="no_power">
            {callKinds.map((kind) => (
              <option key={kind} value={kind}>
                {words(kind)}
              </option>
            ))}
          </select>
        </label>
        <label className="grid min-w-0 gap-0.5 text-dim">
          Call back at (optional)
          <input
            name="callback"
            className="field w-full min-w-0"
            minLength={3}
            maxLength={80}
            autoComplete="off"
            inputMode="tel"
          />
        </label>
      </div>
      <label className="grid min-w-0 gap-0.5 text-dim">
        In the caller's words (optional)
        <input name="words" className="field w-full min-w-0" maxLength={1000} autoComplete="off" />
      </label>
      {file.error && <Problem error={file.error} />}
      <div className="flex items-center gap-3">
        <button
          type="submit"
          className="button button-primary"
          disabled={!mayEdit || file.isPending || (!isSearching && highlighted === null && !inWords)}
        >
          {file.isPending
            ? 'Filing…'
            : isSearching
              ? 'Searching…'
              : isClear
                ? `File for ${highlighted}`
                : highlighted !== null
                  ? `Choose ${highlighted}`
                  : 'File in words'}
          <span className="key ml-1">Enter</span>
        </button>
        <span role="status" className="min-w-0 text-[12px] text-dim">
          {!mayEdit
            ? 'Blocked while the connection is not live.'
            : inWords
              ? 'No meter has this name: the call is kept, and counts when somebody says which meter it is.'
              : file.data && text === ''
                ? `Filed for ${file.data.call.meter_id ?? file.data.call.place}.`
                : meter === null
                  ? `At least ${leastLetters} letters.`
                  : ''}
        </span>
      </div>
    </form>
  );
}
