import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { useDeferredValue, useId, useState } from 'react';
import type { Session } from '#model/api/common.ts';
import { type PlannedStep, type StepOperation, type SwitchingOrder, stepOperations } from '#model/api/switching.ts';
import { useMayEdit } from '../app/banner.tsx';
import { Problem } from '../app/facts.tsx';
import { searchNetwork } from '../lib/api/endpoints.ts';
import { formatCount } from '../lib/time/format.ts';
import { mayOperate } from '../session/session_store.ts';
import { Ahead, SwitchingStudy } from './look_ahead.tsx';
import { createOrder, editOrder, getProposal, studySteps } from './switching_api.ts';

export interface Draft {
  /** null: not kept yet */
  order: SwitchingOrder | null;
  title: string;
  outage: string | null;
  steps: PlannedStep[];
  /** so many in front were carried out and stay */
  done: number;
}
export const emptyDraft: Draft = { order: null, title: '', outage: null, steps: [], done: 0 };

export function draftOf(order: SwitchingOrder): Draft {
  const steps = order.steps.map(({ device_id, operation, note }) => ({ device_id, operation, note }));
  const done = order.steps.filter((step) => step.done_by !== null).length;
  return { order, title: order.title, outage: order.outage_id, steps, done };
}

interface Row extends PlannedStep {
  key: number;
}
let nextKey = 0;
const keyed = (step: PlannedStep): Row => ({ ...step, key: nextKey++ });

interface EditorProps {
  draft: Draft;
  session: Session;
  saved: (order: SwitchingOrder) => void;
  close: () => void;
}

/** Steps are written and studied in one place; only `save` keeps them. */
export function StepsEditor({ draft: given, session, saved, close }: EditorProps) {
  // as it was when it was opened: what others write meanwhile is a conflict when it is saved, not overwritten
  const [draft] = useState(given);
  const [title, setTitle] = useState(draft.title);
  const [rows, setRows] = useState<Row[]>(() => draft.steps.map(keyed));
  const client = useQueryClient();
  const mayEdit = useMayEdit() && mayOperate(session);
  const steps = rows.map(({ key: _key, ...step }) => ({ ...step, device_id: step.device_id.trim() }));
  const waiting = steps.slice(draft.done);
  const isComplete = steps.length > 0 && steps.every((step) => step.device_id !== '');
  const study = useMutation({ mutationFn: (given: PlannedStep[]) => studySteps(given) });
  const propose = useMutation({
    mutationFn: getProposal,
    onSuccess: (proposal) => {
      setRows((before) => [...before.slice(0, draft.done), ...proposal.steps.map(keyed)]);
      if (title === '') setTitle(proposal.title);
      study.mutate(proposal.steps);
    },
  });
  const save = useMutation({
    mutationFn: () =>
      draft.order
        ? editOrder(draft.order.id, { title, outage: draft.outage, steps, revision: draft.order.revision })
        : createOrder({ title, outage: draft.outage, steps }),
    onSuccess: (order) => {
      void client.invalidateQueries({ queryKey: ['switching'] });
      saved(order);
    },
  });
  const change = (next: Row[]) => {
    setRows(next);
    // what was foreseen for other steps is no longer true
    study.reset();
  };
  const set = (at: number, part: Partial<PlannedStep>) =>
    change(rows.map((row, i) => (i === at ? { ...row, ...part } : row)));
  const swap = (at: number) => change(rows.map((row, i) => (i === at ? rows[at + 1] : i === at + 1 ? rows[at] : row)));
  const result = study.data ?? null;
  return (
    <div className="p-3">
      <div className="mb-2 flex flex-wrap items-end gap-2">
        <label className="grid min-w-40 flex-1 gap-0.5 text-dim">
          Title
          <input
            className="field"
            value={title}
            maxLength={160}
            placeholder="What the order is for"
            onChange={(event) => setTitle(event.target.value)}
          />
        </label>
        <FaultField isBusy={propose.isPending} propose={(fault) => propose.mutate(fault)} />
        <button type="button" className="button" onClick={close}>
          Close
        </button>
      </div>
      {propose.error && <Problem error={propose.error} />}
      {propose.data && (
        <p className="mb-2 border-l-2 border-accent pl-3">
          {formatCount(propose.data.customers_in_section)} customers in the faulted section wait for the repair.
          {propose.data.not_fed.map((part) => (
            <span key={`${part.customers} ${part.why}`} className="block text-warn">
              ▲ {part.customers > 0 && `${formatCount(part.customers)} more can not be fed another way: `}
              {part.why}
            </span>
          ))}
        </p>
      )}
      <SwitchingStudy result={result}>
        {rows.length === 0 ? (
          <p className="px-3 py-4 text-dim">No steps yet. Add one, or name a fault and take the proposal.</p>
        ) : (
          <ol>
            {rows.map((row, i) => (
              <li
                key={row.key}
                className="grid gap-2 border-b border-rule px-3 py-2 xl:grid-cols-[minmax(0,660px)_minmax(0,1fr)]"
              >
                <StepFields
                  row={row}
                  at={i}
                  isDone={i < draft.done}
                  set={(part) => set(i, part)}
                  up={i > draft.done ? () => swap(i - 1) : undefined}
                  down={i >= draft.done && i < rows.length - 1 ? () => swap(i) : undefined}
                  remove={() => change(rows.filter((_, other) => other !== i))}
                />
                <div className="min-w-0">
                  {i < draft.done ? (
                    <span className="text-dim">carried out</span>
                  ) : (
                    <Ahead look={result?.steps[i - draft.done]?.look_ahead ?? null} />
                  )}
                </div>
              </li>
            ))}
          </ol>
        )}
        <div className="flex flex-wrap gap-2 px-3 py-2">
          <button
            type="button"
            className="button"
            onClick={() => change([...rows, keyed({ device_id: '', operation: 'open', note: null })])}
          >
            Add a step
          </button>
          <button
            type="button"
            className="button button-primary"
            disabled={!isComplete || study.isPending}
            onClick={() => study.mutate(waiting)}
          >
            {study.isPending ? 'Studying…' : 'Study the steps'}
          </button>
        </div>
        {study.error && <Problem error={study.error} />}
      </SwitchingStudy>
      <div className="mt-3 flex flex-wrap items-center gap-2">
        <button
          type="button"
          className="button button-primary"
          disabled={!mayEdit || !isComplete || title.trim().length < 3 || save.isPending}
          onClick={() => save.mutate()}
        >
          {save.isPending ? 'Saving…' : draft.order ? 'Save the draft' : 'Keep as a draft'}
        </button>
        <span className="text-dim">
          {mayOperate(session)
            ? 'A draft is checked and approved by another person before a step is taken.'
            : 'Your role may study; operators write orders.'}
        </span>
      </div>
      {save.error && <Problem error={save.error} />}
    </div>
  );
}

function FaultField({ propose, isBusy }: { propose: (fault: string) => void; isBusy: boolean }) {
  const [fault, setFault] = useState('');
  return (
    <form
      className="flex items-end gap-2"
      onSubmit={(event) => {
        event.preventDefault();
        propose(fault.trim());
      }}
    >
      <div className="grid gap-0.5 text-dim">
        <span aria-hidden="true">Fault at</span>
        <DeviceField value={fault} set={setFault} label="Line or device with the fault" />
      </div>
      <button type="submit" className="button" disabled={fault.trim() === '' || isBusy}>
        {isBusy ? 'Looking…' : 'Propose steps'}
      </button>
    </form>
  );
}

interface StepFieldsProps {
  row: PlannedStep;
  at: number;
  isDone: boolean;
  set: (part: Partial<PlannedStep>) => void;
  up: (() => void) | undefined;
  down: (() => void) | undefined;
  remove: () => void;
}

function StepFields({ row, at, isDone, set, up, down, remove }: StepFieldsProps) {
  return (
    <fieldset disabled={isDone} className="flex min-w-0 flex-wrap items-start gap-1.5">
      <legend className="sr-only">Step {at + 1}</legend>
      <span aria-hidden="true" className="w-5 pt-1.5 text-right text-dim">
        {at + 1}
      </span>
      <select
        aria-label={`Operation of step ${at + 1}`}
        className="field"
        value={row.operation}
        onChange={(event) => set({ operation: event.target.value as StepOperation })}
      >
        {stepOperations.map((operation) => (
          <option key={operation}>{operation}</option>
        ))}
      </select>
      <DeviceField value={row.device_id} set={(device_id) => set({ device_id })} label={`Device of step ${at + 1}`} />
      <input
        aria-label={`Note of step ${at + 1}`}
        className="field min-w-32 flex-1"
        placeholder="note"
        maxLength={300}
        value={row.note ?? ''}
        onChange={(event) => set({ note: event.target.value === '' ? null : event.target.value })}
      />
      {!isDone && (
        <span className="flex gap-1">
          <button type="button" className="button px-2" aria-label={`Step ${at + 1} up`} disabled={!up} onClick={up}>
            ↑
          </button>
          <button
            type="button"
            className="button px-2"
            aria-label={`Step ${at + 1} down`}
            disabled={!down}
            onClick={down}
          >
            ↓
          </button>
          <button type="button" className="button px-2" aria-label={`Remove step ${at + 1}`} onClick={remove}>
            ✕
          </button>
        </span>
      )}
    </fieldset>
  );
}

/** An id of the network, with what the search finds below it. */
function DeviceField({ value, set, label }: { value: string; set: (value: string) => void; label: string }) {
  const list = useId();
  const wanted = useDeferredValue(value.trim());
  const found = useQuery({
    queryKey: ['search', wanted],
    queryFn: ({ signal }) => searchNetwork(wanted, signal),
    enabled: wanted.length >= 2,
    placeholderData: (before) => before,
  });
  return (
    <>
      <input
        aria-label={label}
        list={list}
        className="field w-44"
        placeholder="device id"
        autoComplete="off"
        spellCheck={false}
        value={value}
        onChange={(event) => set(event.target.value)}
      />
      <datalist id={list}>
        {(found.data ?? [])
          .filter((hit) => hit.edge_row !== null && hit.type !== 'meter' && hit.type !== 'feeder')
          .map((hit) => (
            <option key={hit.id} value={hit.id}>
              {hit.type.replaceAll('_', ' ')}
            </option>
          ))}
      </datalist>
    </>
  );
}
