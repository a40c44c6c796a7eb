/** What the public reads about an outage, in plain words of two languages. Pure: the caller gives times and zone. */
import type { OutageState } from '#model/api/outages.ts';

export const languages = ['en', 'es'] as const;
export type Language = (typeof languages)[number];

/** Supply of one home, as far as the outages say. */
export const homeStatuses = ['on', 'possible', 'out', 'planned', 'restored'] as const;
export type HomeStatus = (typeof homeStatuses)[number];

/** A window from P50 (rounded down) to P90 (rounded up). */
export interface EtrWindow {
  fromMs: number;
  toMs: number;
}

/** An estimate as an outage carries it; instants are ISO 8601. */
export interface Estimate {
  etr_p50: string | null;
  etr_p90: string | null;
}

type Both = Record<Language, string>;

const minuteMs = 60_000;

/**
 * The window the public is told: steps of a quarter of an hour where P50 and P90 are less than two hours apart, of half an
 * hour below six, of an hour above. Undefined where there is no estimate; P90 alone is a window of one step.
 */
export function etrWindow({ etr_p50, etr_p90 }: Estimate): EtrWindow | undefined {
  const p90 = Date.parse(etr_p90 ?? etr_p50 ?? '');
  const p50 = Math.min(Date.parse(etr_p50 ?? etr_p90 ?? ''), p90);
  if (Number.isNaN(p90) || Number.isNaN(p50)) return undefined;
  const apart = p90 - p50;
  const step = (apart <= 120 * minuteMs ? 15 : apart <= 360 * minuteMs ? 30 : 60) * minuteMs;
  const fromMs = Math.floor(p50 / step) * step;
  return { fromMs, toMs: Math.max(Math.ceil(p90 / step) * step, fromMs + step) };
}

const locales: Both = { en: 'en-US', es: 'es-US' };
const formats = new Map<string, Intl.DateTimeFormat>();

function formatOf(language: Language, zone: string, options: Intl.DateTimeFormatOptions): Intl.DateTimeFormat {
  const key = `${language} ${zone} ${JSON.stringify(options)}`;
  let format = formats.get(key);
  if (!format) {
    format = new Intl.DateTimeFormat(locales[language], { timeZone: zone, ...options });
    formats.set(key, format);
  }
  return format;
}

// Intl puts narrow spaces before AM and PM that some screens show as boxes.
const plain = (text: string): string => text.replaceAll(/[\u202f\u00a0]/g, ' ');

/** "4:30 PM" */
export function clockInWords(ms: number, zone: string, language: Language): string {
  return plain(formatOf(language, zone, { hour: 'numeric', minute: '2-digit' }).format(ms));
}

/** "Saturday, July 4, 4:30 PM" */
export function timeInWords(ms: number, zone: string, language: Language): string {
  const day = formatOf(language, zone, { weekday: 'long', month: 'long', day: 'numeric' }).format(ms);
  return plain(`${day}, ${clockInWords(ms, zone, language)}`);
}

/** The clock alone where it is the day of `nowMs` in the zone; else with the day. */
export function whenInWords(ms: number, nowMs: number, zone: string, language: Language): string {
  const dayOf = formatOf(language, zone, { dateStyle: 'short' });
  return dayOf.format(ms) === dayOf.format(nowMs) ? clockInWords(ms, zone, language) : timeInWords(ms, zone, language);
}

/** "Saturday, July 4, between 4:30 PM and 7:00 PM" */
export function windowInWords({ fromMs, toMs }: EtrWindow, zone: string, language: Language): string {
  const dayOf = (ms: number): string =>
    plain(formatOf(language, zone, { weekday: 'long', month: 'long', day: 'numeric' }).format(ms));
  const [first, last] = [dayOf(fromMs), dayOf(toMs)];
  const [from, to] = [clockInWords(fromMs, zone, language), clockInWords(toMs, zone, language)];
  if (language === 'es')
    return first === last
      ? `${first}, entre las ${from} y las ${to}`
      : `entre el ${first}, ${from}, y el ${last}, ${to}`;
  return first === last ? `${first}, between ${from} and ${to}` : `between ${first}, ${from}, and ${last}, ${to}`;
}

const noEstimate: Both = {
  en: 'We do not have an estimate yet.',
  es: 'Todavía no tenemos una estimación.',
};
const estimatePassed: Both = {
  en: 'Our estimate has passed and your power is not back. We are working on a new one.',
  es: 'La hora estimada ya pasó y el servicio no ha vuelto. Preparamos una nueva estimación.',
};

/** "p.m." brings its own full stop. */
const ended = (sentence: string): string => (sentence.endsWith('.') ? sentence : `${sentence}.`);

/** A sentence on when the power comes back; an estimate that has passed is called that. */
export function etrInWords(window: EtrWindow | undefined, nowMs: number, zone: string, language: Language): string {
  if (!window) return noEstimate[language];
  if (window.toMs < nowMs) return estimatePassed[language];
  const words = windowInWords(window, zone, language);
  return ended(
    language === 'es' ? `Estimamos que vuelva el ${words}`.replace('el entre', 'entre') : `We expect it back ${words}`,
  );
}

/** A sentence on when planned work is to be over. */
export function plannedEndInWords(toMs: number, zone: string, language: Language): string {
  const when = timeInWords(toMs, zone, language);
  return ended(
    language === 'es' ? `Los trabajos terminan, según lo previsto, el ${when}` : `The work is planned to end ${when}`,
  );
}

export const plannedSource: Both = {
  en: 'the end that was announced for the work',
  es: 'el fin anunciado de los trabajos',
};

const sources: [RegExp, Both][] = [
  [/crew/, { en: 'told by the crew at work', es: 'según la cuadrilla que trabaja en el lugar' }],
  [
    /override|zone/,
    { en: 'set by the control room for your area', es: 'fijada por el centro de control para su zona' },
  ],
  [/operator/, { en: 'set by the control room', es: 'fijada por el centro de control' }],
  [/model/, { en: 'computed from outages like this one', es: 'calculada a partir de cortes parecidos' }],
];
const otherSource: Both = { en: 'estimated by the control room', es: 'estimada por el centro de control' };

/** Where an estimate comes from. */
export function etrSourceInWords(source: string | null, language: Language): string {
  return (sources.find(([kind]) => kind.test(source ?? ''))?.[1] ?? otherSource)[language];
}

export const causeKinds = [
  'planned',
  'vegetation',
  'lightning',
  'flood',
  'storm',
  'animal',
  'vehicle',
  'digging',
  'overload',
  'equipment',
] as const;
export type CauseKind = (typeof causeKinds)[number];

const causePatterns: Record<CauseKind, RegExp> = {
  planned: /plan|maint|schedul/i,
  vegetation: /tree|veget|branch|limb/i,
  lightning: /lightn/i,
  flood: /flood/i,
  storm: /wind|storm|weather|\bice\b|hurricane/i,
  animal: /animal|\bbird|squirrel/i,
  vehicle: /vehicle|\bcar\b|truck/i,
  digging: /dig|excavat/i,
  overload: /overload/i,
  equipment: /equip|transformer|cable|fuse|conductor|\bpole|failure/i,
};
const causeWords: Record<CauseKind, Both> = {
  planned: { en: 'Planned work on the lines', es: 'Trabajos programados en las líneas' },
  vegetation: { en: 'A tree or branch on the line', es: 'Un árbol o una rama sobre la línea' },
  lightning: { en: 'Lightning', es: 'Un rayo' },
  flood: { en: 'Flooding', es: 'Inundación' },
  storm: { en: 'Storm damage', es: 'Daños por tormenta' },
  animal: { en: 'An animal touched the equipment', es: 'Un animal tocó el equipo' },
  vehicle: { en: 'A vehicle hit our equipment', es: 'Un vehículo chocó con el equipo' },
  digging: { en: 'A cable was hit by digging', es: 'Una excavación dañó un cable' },
  overload: { en: 'The equipment was overloaded', es: 'El equipo se sobrecargó' },
  equipment: { en: 'Equipment failed', es: 'Falló un equipo' },
};
const lookingForCause: Both = { en: 'We are looking for the cause.', es: 'Buscamos la causa.' };

/** The kind of cause: never the operator's free text, which may name people or places. Null where it says none we know. */
export function causeKind(cause: string | null): CauseKind | null {
  if (cause === null) return null;
  return causeKinds.find((kind) => causePatterns[kind].test(cause)) ?? null;
}

export function causeInWords(cause: string | null, language: Language): string {
  const kind = causeKind(cause);
  return (kind ? causeWords[kind] : lookingForCause)[language];
}

const crews: Record<'waiting' | 'assigned' | 'en_route' | 'on_site' | 'working' | 'done', Both> = {
  waiting: { en: 'A crew is not assigned yet.', es: 'Todavía no hay cuadrilla asignada.' },
  assigned: { en: 'A crew is assigned.', es: 'Hay una cuadrilla asignada.' },
  en_route: { en: 'A crew is on its way.', es: 'Una cuadrilla va en camino.' },
  on_site: { en: 'A crew is at work.', es: 'Una cuadrilla está trabajando.' },
  working: { en: 'Power is back for some; the crew goes on.', es: 'Algunos ya tienen luz; la cuadrilla continúa.' },
  done: { en: 'The work is done.', es: 'El trabajo terminó.' },
};

export function crewInWords(state: OutageState, hasCrew: boolean, language: Language): string {
  if (state === 'en_route' || state === 'on_site' || state === 'assigned') return crews[state][language];
  if (state === 'partly_restored') return crews.working[language];
  if (state === 'restored' || state === 'closed') return crews.done[language];
  return (hasCrew ? crews.assigned : crews.waiting)[language];
}

export const headlines: Record<HomeStatus, Both> = {
  on: { en: 'We know of no outage at this address.', es: 'No conocemos ningún corte en esta dirección.' },
  possible: { en: 'We believe the power is out here.', es: 'Creemos que no hay luz aquí.' },
  out: { en: 'The power is out here.', es: 'No hay luz aquí.' },
  planned: { en: 'The power is off here for planned work.', es: 'Aquí no hay luz por trabajos programados.' },
  restored: { en: 'The power is back here.', es: 'La luz ha vuelto aquí.' },
};

export const nextSteps: Record<HomeStatus, Both> = {
  on: {
    en: 'If your power is out: check your breakers first, then report it to us.',
    es: 'Si no tiene luz: revise primero sus interruptores y luego avísenos.',
  },
  possible: {
    en: 'If your power is on, tell us: it helps us find the fault. Stay away from lines on the ground.',
    es: 'Si tiene luz, díganoslo: nos ayuda a encontrar la falla. No se acerque a cables caídos.',
  },
  out: {
    en: 'You need not report it again. Stay away from lines on the ground; call 911 if one is down.',
    es: 'No hace falta avisar de nuevo. No se acerque a cables caídos; llame al 911 si ve uno.',
  },
  planned: {
    en: 'You need not report it. Treat every line as live: the power may be back sooner.',
    es: 'No hace falta avisar. Trate todo cable como si tuviera corriente: la luz puede volver antes.',
  },
  restored: {
    en: 'If your power is still out: check your breakers first, then report it to us.',
    es: 'Si sigue sin luz: revise primero sus interruptores y luego avísenos.',
  },
};
