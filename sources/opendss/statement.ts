/**
 * One OpenDSS statement into words. The language has no grammar beyond this: words part at blanks, commas and `=`;
 * a word that starts with a quote or bracket runs to its closing partner; `!` and `//` end the line.
 */

export interface Parameter {
  /** '' where the value stands alone (positional) */
  name: string;
  value: string;
}

export interface Statement {
  parameters: Parameter[];
  /** text after `!` or `//`: some exporters keep the customer class or the CIM class there */
  comment: string;
}

const closing: Record<string, string> = { '"': '"', "'": "'", '(': ')', '[': ']', '{': '}' };

const isBlank = (code: number): boolean => code <= 0x20 || code === 0x2c || code === 0xa0 || code === 0xfeff;

export function parseStatement(text: string): Statement {
  const parameters: Parameter[] = [];
  let at = 0;
  let comment = '';

  const skipBlanks = (): void => {
    while (at < text.length && isBlank(text.charCodeAt(at))) at++;
  };
  const atComment = (): boolean => text[at] === '!' || (text[at] === '/' && text[at + 1] === '/');
  const readWord = (): string => {
    const close = closing[text[at]];
    if (close !== undefined) {
      const end = text.indexOf(close, at + 1);
      const word = text.slice(at + 1, end < 0 ? text.length : end);
      at = end < 0 ? text.length : end + 1;
      return word;
    }
    const start = at;
    while (at < text.length && !isBlank(text.charCodeAt(at)) && text[at] !== '=' && !atComment()) at++;
    return text.slice(start, at);
  };

  for (;;) {
    skipBlanks();
    if (at >= text.length) break;
    if (atComment()) {
      comment = text
        .slice(at)
        .replace(/^(!|\/\/)+/, '')
        .trim();
      break;
    }
    if (text[at] === '=') {
      at++;
      continue;
    }
    const word = readWord();
    const afterWord = at;
    skipBlanks();
    if (text[at] === '=') {
      at++;
      skipBlanks();
      const hasValue = at < text.length && !atComment();
      parameters.push({ name: word, value: hasValue ? readWord() : '' });
    } else {
      at = afterWord;
      parameters.push({ name: '', value: word });
    }
  }
  return { parameters, comment };
}

/** The elements of an array value: `a, b c | d` without its brackets. */
export function parseList(value: string): string[] {
  return parseStatement(value.replaceAll('|', ' ').replaceAll('=', ' ')).parameters.map((parameter) => parameter.value);
}

const operators: Record<string, (a: number, b: number) => number> = {
  '+': (a, b) => a + b,
  '-': (a, b) => a - b,
  '*': (a, b) => a * b,
  '/': (a, b) => a / b,
  '^': (a, b) => a ** b,
};
const functions: Record<string, (a: number) => number> = {
  sqr: (a) => a * a,
  sqrt: Math.sqrt,
  inv: (a) => 1 / a,
  ln: Math.log,
  exp: Math.exp,
  log10: Math.log10,
  sin: (a) => Math.sin((a * Math.PI) / 180),
  cos: (a) => Math.cos((a * Math.PI) / 180),
  tan: (a) => Math.tan((a * Math.PI) / 180),
};

/** A number, or inline reverse Polish math such as `8 1000 /`; NaN where it is neither. */
export function parseNumber(value: string): number {
  const text = value.trim();
  if (/^[-+]?(\d+\.?\d*|\.\d+)([eEdD][-+]?\d+)?$/.test(text)) return Number(text.replace(/[dD]/, 'e'));
  const words = text.toLowerCase().split(/[\s,]+/);
  if (words.length < 2) return Number.NaN;
  const stack: number[] = [];
  for (const word of words) {
    if (word in operators && stack.length >= 2) {
      const b = stack.pop()!;
      stack.push(operators[word](stack.pop()!, b));
    } else if (word in functions && stack.length >= 1) stack.push(functions[word](stack.pop()!));
    else if (word === 'pi') stack.push(Math.PI);
    else if (/^[-+]?(\d+\.?\d*|\.\d+)(e[-+]?\d+)?$/.test(word)) stack.push(Number(word));
    else return Number.NaN;
  }
  return stack.length === 1 ? stack[0] : Number.NaN;
}

/** Finite, and not so large that no kW, metre or coordinate can be meant. */
export function isUsable(number: number): boolean {
  return Math.abs(number) <= 1e9;
}

/** `yes`, `true`, `1`, `y` ... ; undefined where the value is no truth value. */
export function parseYesNo(value: string): boolean | undefined {
  const first = value.trim().toLowerCase();
  if (/^(y|yes|t|true|1)$/.test(first)) return true;
  if (/^(n|no|f|false|0)$/.test(first)) return false;
  return undefined;
}

export interface BusSpec {
  bus: string;
  /** conductors in order, as numbers; empty where the bus stands alone */
  nodes: number[];
}

/** `671.1.2.3` is bus `671`, nodes 1, 2, 3. */
export function parseBus(value: string): BusSpec {
  const [bus, ...nodes] = value.trim().split('.');
  return { bus, nodes: nodes.map(Number).filter((node) => Number.isInteger(node)) };
}
