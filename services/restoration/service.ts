/**
 * What one home may know: is its power out, since when, why, who works on it, when it comes back. Answers come from memory
 * alone, so they go on while the operational store is away; then their age tells it. Rules: SPEC.md.
 */
import type { Restoration } from '#model/api/restoration.ts';
import { FluxError } from '#model/errors.ts';
import {
  causeInWords,
  crewInWords,
  etrInWords,
  etrSourceInWords,
  etrWindow,
  type HomeStatus,
  headlines,
  type Language,
  nextSteps,
  plannedEndInWords,
  plannedSource,
} from '#model/public_words.ts';
import { normalAddress } from './address.ts';
import { type Board, type BoardNews, type HomeState, makeBoard } from './board.ts';
import { accountOf, type Premises, premisesBuilder } from './premises.ts';
import type { PremiseRow } from './sql.ts';

export interface RestorationNeeds {
  meterCount: () => number;
  meterRowOf: (id: string) => number;
  /** keys of the meters out by an outage now */
  membersOf: (outageId: string) => ArrayLike<number>;
  /** planned work that the meter is in now */
  plannedOf: (meter: number) => PlannedSpan | undefined;
  /** until when the outages are known here, UTC epoch ms */
  currentToMs: () => number;
  timeZone: string;
}

/** UTC epoch ms */
export interface PlannedSpan {
  fromMs: number;
  toMs: number;
}

/** Exactly one of them. */
export interface RestorationQuestion {
  meter?: string;
  account?: string;
  address?: string;
}

export interface RestorationService {
  /** Outages that appeared, changed or left, after they are durable. */
  follow(news: readonly BoardNews[]): void;
  /** The network has more meters now. Until the news of all open outages follow, what was known goes on. */
  networkGrown(): void;
  /** Reads all premises, in pieces, and takes them over when they are complete. */
  loadPremises(pieces: AsyncIterable<readonly PremiseRow[]>): Promise<number>;
  /** JSON of `Restoration`. @throws FluxError `bad_request`, `unknown_meter`, `unknown_account`, `unknown_address`, `not_ready` */
  answer(question: RestorationQuestion, language: Language): string;
  /** The same for one field in which a person wrote any of the three. */
  answerTo(words: string, language: Language): string;
  /** Meter row of an account, -1 where it is unknown, has several homes or nothing is read yet. */
  meterOfAccount(account: string): number;
  /** Meter rows of all homes that fit, for who answers the phone. @throws FluxError `not_ready`, `bad_request` */
  metersOf(place: { account: string } | { address: string }): number[];
  board(): Board;
  premiseCount(): number;
}

/** Candidates an ambiguous address lists. */
const mostCandidates = 20;
/** Rendered answers kept; more than outages times languages is never needed at once. */
const mostRendered = 20_000;

/** Worst first. */
const badness: readonly HomeStatus[] = ['out', 'possible', 'planned', 'restored', 'on'];

export function makeRestorationService(needs: RestorationNeeds): RestorationService {
  const board = makeBoard(needs.meterCount());
  let premises: Premises | undefined;
  const rendered = new Map<string, string>();
  let age = { secondMs: 0, currentToMs: 0, text: '' };

  function ready(): Premises {
    if (premises) return premises;
    throw new FluxError(
      'not_ready',
      'accounts and addresses are still being read; ask again in a moment, or by meter',
      {
        canRetry: true,
      },
    );
  }

  /** Changes each second; everything before it is rendered once per outage. */
  function ageText(nowMs: number): string {
    const secondMs = nowMs - (nowMs % 1000);
    const currentToMs = Math.min(needs.currentToMs(), nowMs);
    if (age.secondMs !== secondMs || age.currentToMs !== currentToMs) {
      const ageS = Math.round((nowMs - currentToMs) / 1000);
      age = { secondMs, currentToMs, text: `,"as_of":"${new Date(currentToMs).toISOString()}","age_s":${ageS}}` };
    }
    return age.text;
  }

  function ofMeter(meter: number, language: Language): string {
    const nowMs = Date.now();
    const home = board.at(meter);
    const window = home && !home.isBack ? etrWindow(home.outage) : undefined;
    const isPast = window !== undefined && window.toMs < nowMs;
    // An outage that a person or the meters know of is the worse news.
    const planned = home && !home.isBack ? undefined : needs.plannedOf(meter);
    const state = planned ? `${planned.fromMs} ${planned.toMs}` : home ? home.version : 'on';
    const key = `${language} ${state} ${isPast ? 1 : 0}`;
    let text = rendered.get(key);
    if (text === undefined) {
      if (rendered.size >= mostRendered) rendered.clear();
      text = unfinished(
        planned ? renderPlanned(planned, needs.timeZone, language) : render(home, nowMs, needs.timeZone, language),
      );
      rendered.set(key, text);
    }
    return text + ageText(nowMs);
  }

  function statusAt(meter: number): HomeStatus {
    const status = statusOf(board.at(meter));
    return (status === 'on' || status === 'restored') && needs.plannedOf(meter) ? 'planned' : status;
  }

  function ofHomes(homes: { meter: number; label: string }[], language: Language): string {
    const distinct = new Map(homes.map((home) => [home.label, home]));
    // Two meters behind one address (a second service) are one home: what is worse counts.
    if (distinct.size === 1) {
      const [worst] = homes.toSorted((a, b) => badness.indexOf(statusAt(a.meter)) - badness.indexOf(statusAt(b.meter)));
      return ofMeter(worst.meter, language);
    }
    return unfinished(several([...distinct.keys()].slice(0, mostCandidates), language)) + ageText(Date.now());
  }

  const service: RestorationService = {
    follow: (news) => board.take(news, needs.membersOf),
    networkGrown: () => board.grow(needs.meterCount()),
    loadPremises: async (pieces) => {
      const builder = premisesBuilder(needs.meterCount());
      for await (const rows of pieces) builder.add(rows);
      premises = builder.finish();
      return premises.count;
    },
    answer: ({ meter, account, address }, language) => {
      if ([meter, account, address].filter((given) => given !== undefined).length !== 1)
        throw new FluxError('bad_request', 'give one of meter, account or address');
      if (meter !== undefined) {
        const row = needs.meterRowOf(meter.trim());
        if (row < 0)
          throw new FluxError('unknown_meter', 'we do not know this meter number; compare it with your bill');
        return ofMeter(row, language);
      }
      if (account !== undefined) {
        const homes = ready().ofAccount(account);
        if (homes.length === 0)
          throw new FluxError('unknown_account', 'we do not know this account number; compare it with your bill');
        return ofHomes(homes, language);
      }
      const normal = normalAddress(address!);
      if (!normal)
        throw new FluxError('bad_request', 'write the house number and then the street, e.g. 1240 N Alder St, Apt 4');
      const homes = ready().ofAddress(normal);
      if (homes.length === 0)
        throw new FluxError(
          'unknown_address',
          'we do not serve this address as it is written; compare house number and street with your bill',
        );
      return ofHomes(homes, language);
    },
    answerTo: (words, language) => {
      const text = words.trim();
      if (needs.meterRowOf(text) >= 0) return service.answer({ meter: text }, language);
      const isNumber = /^[\d\s-]+$/.test(text) && /^\d{4,40}$/.test(accountOf(text));
      if (isNumber || (premises?.ofAccount(text).length ?? 0) > 0) return service.answer({ account: text }, language);
      return service.answer({ address: text }, language);
    },
    metersOf: (place) => {
      if ('account' in place)
        return ready()
          .ofAccount(place.account)
          .map(({ meter }) => meter);
      const normal = normalAddress(place.address);
      if (!normal) throw new FluxError('bad_request', 'an address begins with its house number, then the street');
      return ready()
        .ofAddress(normal)
        .map(({ meter }) => meter);
    },
    board: () => board,
    meterOfAccount: (account) => {
      const found = premises?.ofAccount(accountOf(account)) ?? [];
      return found.length === 1 ? found[0].meter : -1;
    },
    premiseCount: () => premises?.count ?? 0,
  };
  return service;
}

/** JSON without its closing brace: the age follows. */
function unfinished(answer: Omit<Restoration, 'as_of' | 'age_s'>): string {
  return JSON.stringify(answer).slice(0, -1);
}

function statusOf(home: HomeState | undefined): HomeStatus {
  if (!home) return 'on';
  if (home.isBack) return 'restored';
  return home.outage.state === 'predicted' || home.outage.state === 'probable' ? 'possible' : 'out';
}

function render(
  home: HomeState | undefined,
  nowMs: number,
  zone: string,
  language: Language,
): Omit<Restoration, 'as_of' | 'age_s'> {
  const status = statusOf(home);
  const told = {
    status,
    headline: headlines[status][language],
    next_step: nextSteps[status][language],
    candidates: [],
  };
  if (!home) return { ...told, cause: null, since: null, etr: null, etr_words: null, crew: null, updated_at: null };
  const { outage, isBack } = home;
  const window = etrWindow(outage);
  return {
    ...told,
    cause: causeInWords(outage.cause, language),
    since: outage.started_at,
    etr:
      window && !isBack
        ? {
            from: new Date(window.fromMs).toISOString(),
            to: new Date(window.toMs).toISOString(),
            source: etrSourceInWords(outage.etr_source, language),
          }
        : null,
    etr_words: isBack ? null : etrInWords(window, nowMs, zone, language),
    crew: isBack ? null : crewInWords(outage.state, outage.crew !== null, language),
    updated_at: outage.updated_at,
  };
}

/** The free text of the control room stays inside: the public reads that the work is planned. */
function renderPlanned(
  { fromMs, toMs }: PlannedSpan,
  zone: string,
  language: Language,
): Omit<Restoration, 'as_of' | 'age_s'> {
  const end = new Date(toMs).toISOString();
  return {
    status: 'planned',
    headline: headlines.planned[language],
    cause: causeInWords('planned', language),
    since: new Date(fromMs).toISOString(),
    etr: { from: end, to: end, source: plannedSource[language] },
    etr_words: plannedEndInWords(toMs, zone, language),
    crew: null,
    next_step: nextSteps.planned[language],
    updated_at: null,
    candidates: [],
  };
}

function several(labels: string[], language: Language): Omit<Restoration, 'as_of' | 'age_s'> {
  return {
    status: 'several',
    headline: language === 'es' ? '¿Cuál de estas direcciones es?' : 'Which of these addresses is it?',
    cause: null,
    since: null,
    etr: null,
    etr_words: null,
    crew: null,
    next_step:
      language === 'es'
        ? 'Escriba la dirección con su unidad y lugar, como en la factura.'
        : 'Write the address with its unit and place, as on your bill.',
    updated_at: null,
    candidates: labels.map((address) => ({ address })),
  };
}
