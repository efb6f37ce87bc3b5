/** A translation by plural form of its language (`Intl.PluralRules`), or the same for every number. */
export type Translation = string | Partial<Record<Intl.LDMLPluralRule, string>>;
/** Translations by their English text as it stands in the code; a counted text by its plural. */
export type Catalogue = Record<string, Translation>;
type Values = Record<string, string | number>;

let catalogue: Catalogue = {};
let current = "en";
let plurals = new Intl.PluralRules("en");

/** Sets the language of all texts from now on. Called once, before the page is drawn. */
export function setLanguage(tag: string, translations: Catalogue): void {
  catalogue = translations;
  current = tag;
  plurals = new Intl.PluralRules(tag);
}

/** The language of the page, as "de". */
export const language = (): string => current;

/** Those of the languages there are, by code and own name, that the page is not in. */
export const otherLanguages = (all: [string, string][]): [string, string][] => all.filter(([code]) => code !== current);

/** A time in the language of the page, as the browser's region of that language writes it. */
export function timeText(time: Date, options: Intl.DateTimeFormatOptions): string {
  const regions = typeof navigator === "undefined" ? [] : (navigator.languages ?? []).filter((tag) => tag.split("-")[0] === current);
  return new Intl.DateTimeFormat([...regions, current], options).format(time);
}

/** The words for an error of the server: the translation for its code if there is one, else what the server says in English. */
export function errorText(code: string | undefined, english: string): string {
  const translation = own(`error:${code}`);
  return typeof translation === "string" ? translation : english;
}

/** A text of the page in its language: `t("{name} is drawing", { name })`. English where there is no translation. */
export function t(english: string, values: Values = {}): string {
  const translation = own(english);
  return filled(typeof translation === "string" ? translation : english, values);
}

/** A text about a number of things: `tn(count, "{n} picture", "{n} pictures")`. `{n}` is the number. */
export function tn(n: number, one: string, many: string, values: Values = {}): string {
  const translation = own(many) ?? (n === 1 ? one : many);
  const text = typeof translation === "string" ? translation : (translation[plurals.select(n)] ?? translation.other ?? many);
  return filled(text, { n, ...values });
}

/** The words for what the server says of a number of things, by its code like an error. */
export function noteText(code: string, n: number, english: string): string {
  const key = `note:${code}`;
  return own(key) ? tn(n, key, key) : english;
}

function own(english: string): Translation | undefined {
  return Object.hasOwn(catalogue, english) ? catalogue[english] : undefined;
}

/** The text with `{name}` replaced; a name without a value stays as it is. */
function filled(text: string, values: Values): string {
  return text.replace(/\{(\w+)\}/g, (hole, name: string) => (Object.hasOwn(values, name) ? String(values[name]) : hole));
}
