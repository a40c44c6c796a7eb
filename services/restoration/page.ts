/** The look-up as a page: one field, the answer in large words, no script needed. */
import type { Restoration } from '#model/api/restoration.ts';
import { escapedHtml } from '#model/html.ts';
import { type Language, timeInWords } from '#model/public_words.ts';

/** What the page needs of the public map's frame: head, header, footer and style around a body. */
export type PageFrame = (page: { title: string; language: Language; body: string; otherLanguage: string }) => string;

export interface LookUp {
  words: string;
  answer: Restoration | undefined;
  /** why there is no answer, in words for the public */
  problem: string | undefined;
}

const texts = {
  title: { en: 'Is my power out?', es: '¿Hay un corte en mi casa?' },
  field: { en: 'Account number, meter number or address', es: 'Número de cuenta, de medidor o dirección' },
  hint: {
    en: 'As on your bill. An address needs house number and street.',
    es: 'Como en su factura. La dirección necesita número y calle.',
  },
  ask: { en: 'Look up', es: 'Buscar' },
  since: { en: 'Out since', es: 'Sin luz desde' },
  begun: { en: 'Since', es: 'Desde' },
  cause: { en: 'Cause', es: 'Causa' },
  back: { en: 'Power back', es: 'Regreso de la luz' },
  crew: { en: 'Crew', es: 'Cuadrilla' },
  source: { en: 'This estimate is', es: 'Esta estimación fue' },
  changed: { en: 'Last change', es: 'Último cambio' },
  asOf: { en: 'As of', es: 'Estado del' },
  old: {
    en: 'This is the last we know. Our systems are not updating at the moment.',
    es: 'Es lo último que sabemos. Nuestros sistemas no se actualizan en este momento.',
  },
  map: { en: 'Outage map', es: 'Mapa de cortes' },
} satisfies Record<string, Record<Language, string>>;

/** From here on an answer says that it is old. */
const oldS = 300;

export function lookUpPage(lookUp: LookUp, language: Language, zone: string, frame: PageFrame): string {
  const { words, answer, problem } = lookUp;
  const t = (key: keyof typeof texts): string => texts[key][language];
  const form = `<form class="ask" method="get" action="/restoration" role="search">
<label for="q">${t('field')}</label>
<p class="hint" id="hint">${t('hint')}</p>
<div class="row"><input id="q" name="q" type="text" inputmode="text" autocomplete="street-address" maxlength="200" required aria-describedby="hint${problem ? ' problem' : ''}"${problem ? ' aria-invalid="true"' : ''} value="${escapedHtml(words)}"><button type="submit">${t('ask')}</button></div>
<input type="hidden" name="lang" value="${language}">
${problem ? `<p class="problem" id="problem" role="alert">${escapedHtml(problem)}</p>` : ''}
</form>`;
  const body = `<h1>${t('title')}</h1>
${answer ? answerBlock(answer, language, zone) : ''}
${form}
<p class="more"><a href="/public/${language === 'es' ? 'es.html' : ''}">${t('map')}</a></p>`;
  const query = words === '' ? '' : `q=${encodeURIComponent(words)}&`;
  return frame({
    title: t('title'),
    language,
    body,
    otherLanguage: `/restoration?${query}lang=${language === 'es' ? 'en' : 'es'}`,
  });
}

function answerBlock(answer: Restoration, language: Language, zone: string): string {
  const t = (key: keyof typeof texts): string => texts[key][language];
  const time = (iso: string): string =>
    `<time datetime="${iso}">${escapedHtml(timeInWords(Date.parse(iso), zone, language))}</time>`;
  const line = (term: string, text: string | null): string =>
    text === null ? '' : `<div><dt>${term}</dt><dd>${text}</dd></div>`;
  if (answer.status === 'several') {
    const items = answer.candidates.map(
      ({ address }) =>
        `<li><a href="/restoration?q=${encodeURIComponent(address)}&amp;lang=${language}">${escapedHtml(address)}</a></li>`,
    );
    return `<section class="answer several" aria-live="polite"><h2>${escapedHtml(answer.headline)}</h2>
<ul class="candidates">${items.join('')}</ul><p>${escapedHtml(answer.next_step)}</p></section>`;
  }
  const etr = answer.etr_words === null ? null : escapedHtml(answer.etr_words);
  const isEstimate = answer.etr !== null && answer.status !== 'planned';
  const source = isEstimate ? `<br><small>${t('source')} ${escapedHtml(answer.etr!.source)}.</small>` : '';
  return `<section class="answer ${answer.status}" aria-live="polite"><h2>${escapedHtml(answer.headline)}</h2>
${answer.age_s >= oldS ? `<p class="old" role="status">${t('old')}</p>` : ''}
<dl>${line(t('back'), etr === null ? null : etr + source)}${line(answer.status === 'planned' ? t('begun') : t('since'), answer.since && answer.status !== 'restored' ? time(answer.since) : null)}${line(t('cause'), answer.cause === null ? null : escapedHtml(answer.cause))}${line(t('crew'), answer.crew === null ? null : escapedHtml(answer.crew))}${line(t('changed'), answer.updated_at && time(answer.updated_at))}</dl>
<p class="next">${escapedHtml(answer.next_step)}</p>
<p class="asof">${t('asOf')} ${time(answer.as_of)}</p></section>`;
}
