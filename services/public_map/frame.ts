/** The frame of every public page: it loads from its own origin alone, works without script, and prints no person's name. */
import { escapedHtml } from '#model/html.ts';
import type { Language } from '#model/public_words.ts';

export interface FramedPage {
  title: string;
  language: Language;
  body: string;
  /** address of the same page in the other language */
  otherLanguage: string;
  /** attributes of `<main>`, e.g. the age script's facts */
  mainAttributes?: string;
  /** with the script that shows the age and looks for news */
  withScript?: boolean;
}

export interface FrameFacts {
  utility: string;
  /** as people dial it; undefined where the utility gives none */
  phone: string | undefined;
  /** addresses of the hashed files */
  style: string;
  script: string;
}

const texts = {
  report: { en: 'Report an outage:', es: 'Avise de un corte:' },
  danger: {
    en: 'A line on the ground is dangerous. Stay away and call 911.',
    es: 'Un cable en el suelo es peligroso. Aléjese y llame al 911.',
  },
} satisfies Record<string, Record<Language, string>>;

/** For file servers that send no headers of their own; a header may only narrow it. */
const policy =
  "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self' data:; connect-src 'self'; base-uri 'none'; form-action 'self'";

export function framedPage(page: FramedPage, facts: FrameFacts): string {
  const { title, language, body, otherLanguage, mainAttributes = '', withScript = false } = page;
  const other = language === 'es' ? 'en' : 'es';
  const phone =
    facts.phone === undefined
      ? ''
      : `<p>${texts.report[language]} <a href="tel:${escapedHtml(facts.phone.replaceAll(/[^\d+]/g, ''))}">${escapedHtml(facts.phone)}</a></p>`;
  return `<!doctype html>
<html lang="${language}">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="${policy}">
<meta name="color-scheme" content="light dark">
<meta name="referrer" content="no-referrer">
<title>${escapedHtml(title)} - ${escapedHtml(facts.utility)}</title>
<link rel="stylesheet" href="${facts.style}">
<link rel="icon" href="data:,">
${withScript ? `<script src="${facts.script}" defer></script>\n<noscript><meta http-equiv="refresh" content="120"></noscript>` : ''}
</head>
<body>
<header><span class="utility">${escapedHtml(facts.utility)}</span><a class="lang" href="${escapedHtml(otherLanguage)}" hreflang="${other}" lang="${other}">${other === 'es' ? 'Español' : 'English'}</a></header>
<main ${mainAttributes}>
${body}
</main>
<footer><p>${texts.danger[language]}</p>${phone}</footer>
</body>
</html>
`;
}
