import { Type } from 'typebox';
import { Language, Restoration, RestorationQuery } from '#model/api/restoration.ts';
import { FluxError } from '#model/errors.ts';
import type { Language as LanguageName } from '#model/public_words.ts';
import type { BinaryAnswer, RouteDeclaration } from '#model/route.ts';
import { lookUpPage, type PageFrame } from './page.ts';
import type { RestorationQuestion, RestorationService } from './service.ts';

export interface RestorationRouteNeeds {
  service: RestorationService;
  timeZone: string;
  frame: PageFrame;
  /** look-ups a client may make in a minute; undefined where something in front limits them */
  perMinute: number | undefined;
}

const bytes = (text: string, contentType: string): BinaryAnswer => ({ bytes: Buffer.from(text), contentType });

/** What a person reads where the look-up has no answer. Spanish for the errors of this capability alone. */
const problems: Record<string, string> = {
  bad_request: 'Escriba el número de la casa y luego la calle, por ejemplo 1240 N Alder St, Apt 4.',
  unknown_meter: 'No conocemos este número de medidor; compárelo con su factura.',
  unknown_account: 'No conocemos este número de cuenta; compárelo con su factura.',
  unknown_address: 'No servimos esta dirección tal como está escrita; compare número y calle con su factura.',
  not_ready: 'Las direcciones todavía se están cargando; inténtelo de nuevo en un momento.',
};

export function restorationRoutes(needs: RestorationRouteNeeds): RouteDeclaration[] {
  const { service, perMinute } = needs;
  const limit = perMinute === undefined ? undefined : { calls: perMinute, seconds: 60 };
  return [
    {
      method: 'GET',
      path: '/api/restoration',
      summary: 'is the power of one home out, and when does it come back; by meter, account or address',
      role: 'public',
      scope: { kind: 'none' },
      limit,
      query: RestorationQuery,
      response: Restoration,
      handle: ({ query }) => {
        const { lang = 'en', ...question } = query as RestorationQuestion & { lang?: LanguageName };
        return bytes(service.answer(question, lang), 'application/json; charset=utf-8');
      },
    },
    {
      method: 'GET',
      path: '/restoration',
      summary: 'the same as a page, without script',
      role: 'public',
      scope: { kind: 'none' },
      limit,
      query: Type.Object({
        q: Type.Optional(Type.String({ maxLength: 200 })),
        lang: Type.Optional(Language),
      }),
      handle: ({ query }) => {
        const language = (query.lang ?? 'en') as LanguageName;
        const words = String(query.q ?? '').trim();
        const found = words === '' ? {} : lookUp(service, words, language);
        const page = { words, answer: undefined, problem: undefined, ...found };
        return bytes(lookUpPage(page, language, needs.timeZone, needs.frame), 'text/html; charset=utf-8');
      },
    },
  ];
}

function lookUp(
  service: RestorationService,
  words: string,
  language: LanguageName,
): { answer?: Restoration; problem?: string } {
  try {
    return { answer: JSON.parse(service.answerTo(words, language)) as Restoration };
  } catch (error) {
    if (!(error instanceof FluxError)) throw error;
    const inSpanish = language === 'es' ? problems[error.code] : undefined;
    return { problem: inSpanish ?? `${error.message.charAt(0).toUpperCase()}${error.message.slice(1)}.` };
  }
}
