// What a value must be: the keywords of the input schemas and the `validations` of media files. Pure; the server
// has the same rules in Python, and one table of cases tests both (tests/web/cases.json).

import { fixed, language, t, tn } from "./page.js";

const MAX_ITEMS = 256;
const MEDIA_FORMAT = /^(image|video|audio)_uris?$/;

/** Every problem of a value: [{path, message, rule}]. */
export function problemsOf(value, schema, path = "", isOptional = false) {
  const found = [];
  const add = (rule, message, where = path) => found.push({ path: where, message, rule });
  if (value === null && isOptional && schema.default === null) return found;
  if (!isOfType(value, schema.type)) {
    add("type", t("found {found}; {accepted} is accepted", { found: typeFound(value, schema.type), accepted: TYPE_WORDS[schema.type] }));
    return found;
  }
  if (schema.enum && !schema.enum.includes(value)) {
    const what = typeof value === "string" ? t("a string that is not in the list") : shown(value);
    add("enum", t("found {found}; accepted are {accepted}", { found: what, accepted: options(schema.enum) }));
  }
  if (typeof value === "string") stringProblems(value, schema, isOptional, add);
  else if (typeof value === "number") numberProblems(value, schema, add);
  else if (Array.isArray(value)) found.push(...listProblems(value, schema, path, add));
  else if (schema.properties) found.push(...objectProblems(value, schema, path));
  return found;
}

const TYPE_WORDS = {
  array: t("a list"),
  boolean: t("true or false"),
  integer: t("an integer"),
  number: t("a number"),
  float: t("a number"),
  object: t("an object"),
  string: t("a string"),
};

function isOfType(value, type) {
  switch (type) {
    case "string": return typeof value === "string";
    case "integer": return Number.isInteger(value);
    case "number": case "float": return typeof value === "number";
    case "boolean": return typeof value === "boolean";
    case "array": return Array.isArray(value);
    default: return typeof value === "object" && value !== null && !Array.isArray(value);
  }
}

function typeFound(value, type) {
  return typeof value === "number" && type === "integer" ? shown(value) : kindOf(value);
}

function kindOf(value) {
  if (value === null) return "null";
  if (Array.isArray(value)) return t("a list");
  return { string: t("a string"), number: t("a number"), boolean: t("a boolean"), object: t("an object") }[typeof value];
}

function stringProblems(value, schema, isOptional, add) {
  const media = MEDIA_FORMAT.exec(schema.format ?? "");
  if (media) {
    const start = new RegExp(`^([Hh][Tt][Tt][Pp][Ss]?://[^\\s/]|data:${media[1]}/[A-Za-z0-9.+-]+(;[A-Za-z0-9._+-]+=[A-Za-z0-9._+-]+)*;base64,)`);
    const mayBeEmpty = isOptional && schema.default === "";
    if (!(mayBeEmpty && value === "") && !start.test(value)) {
      add("format", t("expected an https address or a data URI (data:{kind}/…;base64,…)", { kind: media[1] }));
    }
    return;
  }
  const length = [...value].length;
  count(length, schema, "Length", tn("found {n} character", "found {n} characters", length, { n: length }), add);
  const pattern = schema.pattern && expression(schema.pattern);
  if (pattern && !pattern.test(value)) {
    add("pattern", tn("found {n} character that does not match; {pattern} is accepted", "found {n} characters that do not match; {pattern} is accepted", length, { n: length, pattern: schema.pattern }));
  }
}

/** The pattern, or null where only the server's kind of expressions knows it. */
function expression(pattern) {
  try {
    return new RegExp(pattern, "u");
  } catch {
    return null;
  }
}

function count(size, schema, noun, found, add) {
  const say = (rule, accepted) => add(rule, t("{found}; {accepted}", { found, accepted }));
  const least = schema[`min${noun}`] ?? 0;
  if (size < least) say(`min${noun}`, tn("at least {n} is accepted", "at least {n} are accepted", least, { n: least }));
  const most = schema[`max${noun}`] ?? (noun === "Items" ? MAX_ITEMS : Infinity);
  if (size > most) say(`max${noun}`, tn("at most {n} is accepted", "at most {n} are accepted", most, { n: most }));
}

function numberProblems(value, schema, add) {
  const bound = (rule, holds, accepted) => {
    if (rule in schema && !holds(schema[rule])) {
      add(rule, t("{found}; {accepted}", { found: t("found {found}", { found: shown(value) }), accepted: accepted(shown(schema[rule])) }));
    }
  };
  bound("minimum", (limit) => value >= limit, (limit) => t("at least {limit} is accepted", { limit }));
  bound("maximum", (limit) => value <= limit, (limit) => t("at most {limit} is accepted", { limit }));
  bound("exclusiveMinimum", (limit) => value > limit, (limit) => t("more than {limit} is accepted", { limit }));
  bound("exclusiveMaximum", (limit) => value < limit, (limit) => t("less than {limit} is accepted", { limit }));
  const times = value / (schema.multipleOf ?? 1);
  if (schema.multipleOf && Math.abs(times - Math.round(times)) > 1e-9) {
    add("multipleOf", t("found {found}; multiples of {limit} are accepted", { found: shown(value), limit: shown(schema.multipleOf) }));
  }
}

function listProblems(value, schema, path, add) {
  count(value.length, schema, "Items", tn("found {n} item", "found {n} items", value.length, { n: value.length }), add);
  if (schema.uniqueItems && new Set(value.map((item) => JSON.stringify(item))).size < value.length) {
    add("uniqueItems", t("found the same item twice among {n}; each is accepted once", { n: value.length }));
  }
  const plural = MEDIA_FORMAT.test(schema.format ?? "") ? { type: "string", format: schema.format.slice(0, -1) } : null;
  const item = schema.items ? { ...plural, ...schema.items } : plural;
  return item ? value.flatMap((entry, index) => problemsOf(entry, item, `${path}[${index}]`)) : [];
}

function objectProblems(value, schema, path) {
  const required = schema.required ?? [];
  const found = required
    .filter((name) => !(name in value))
    .map((name) => ({ path: join(path, name), message: t("is required"), rule: "required" }));
  for (const [name, child] of Object.entries(schema.properties)) {
    if (name in value) found.push(...problemsOf(value[name], child, join(path, name), !required.includes(name)));
  }
  return found;
}

/** `lora.path`; a name with other characters is quoted. */
export function join(path, name) {
  if (!/^[A-Za-z_][A-Za-z0-9_-]*$/.test(name)) return `${path}["${name}"]`;
  return path ? `${path}.${name}` : name;
}

function shown(value) {
  return typeof value === "string" ? `"${value}"` : String(value);
}

function options(values) {
  const more = values.length - 20;
  const list = values.slice(0, 20).map(shown).join(", ");
  return more > 0 ? t("{list} and {n} more", { list, n: more }) : list;
}

// -- media files ---------------------------------------------------------------------------------------------------

const HOLDS = {
  "<=": (a, b) => a <= b,
  ">=": (a, b) => a >= b,
  "<": (a, b) => a < b,
  ">": (a, b) => a > b,
};

const size = (info) => `${info.width_px} x ${info.height_px} px`;
const digits = (value, n) => new Intl.NumberFormat(language, { maximumSignificantDigits: n, useGrouping: false }).format(value);

const QUANTITIES = {
  file_size_mb: [(i) => i.size_bytes / 2 ** 20, (i) => t("{n} MB", { n: fixed(i.size_bytes / 2 ** 20, 3) })],
  width_pixels: [(i) => i.width_px, size],
  height_pixels: [(i) => i.height_px, size],
  "width/height": [
    (i) => (i.height_px ? i.width_px / i.height_px : 0),
    (i) => t("{size}, a ratio of {ratio}", { size: size(i), ratio: digits(i.height_px ? i.width_px / i.height_px : 0, 4) }),
  ],
  duration_s: [(i) => i.duration_s, (i) => t("{n} s", { n: fixed(i.duration_s, 2) })],
  fps: [(i) => i.fps, (i) => t("{fps} frames per second", { fps: digits(i.fps, 3) })],
  pixels: [(i) => i.width_px * i.height_px, size],
};

/**
 * Every rule that a measured file breaks: [{message, rule}].
 *
 * info: {kind, format, size_bytes, width_px, height_px, duration_s, fps}; what a browser cannot measure is undefined,
 * and rules about it are left to the server.
 */
export function brokenRules(info, { kind, accept = [], validations = [] }) {
  if (info.kind !== kind) {
    const found = info.kind ? `${KINDS[info.kind]} (${info.format})` : info.format;
    const message = t("found {found}; {kind} is accepted", { found, kind: KINDS[kind] });
    return [{ message, rule: "kind" }];
  }
  if (accept.length && !accept.includes(info.format)) {
    return [{ message: t("found {found}; accepted are {accepted}", { found: formatName(info.format), accepted: formatNames(accept) }), rule: "format" }];
  }
  const found = [];
  for (const { validation_rule: rule, validation_value: limit, validation_error: sentence } of validations) {
    const operator = Object.keys(HOLDS).find((sign) => rule.endsWith(sign));
    const [measure, wording] = QUANTITIES[rule.slice(0, -operator.length)];
    const value = measure(info);
    if (value === undefined || Number.isNaN(value) || HOLDS[operator](value, limit)) continue;
    const said = (sentence || t("{quantity} must be {operator} {limit}", { quantity: rule.slice(0, -operator.length), operator, limit })).replace(/[ .]+$/, "");
    found.push({ message: t("{rule}; found {found}", { rule: said, found: wording(info) }), rule });
  }
  return found;
}

const KINDS = { image: t("image"), video: t("video"), audio: t("audio") };
const NAMES = { jpeg: "JPEG", png: "PNG", webp: "WebP", webm: "WebM" };

function formatName(format) {
  return NAMES[format] ?? format.toUpperCase();
}

function formatNames(formats) {
  const names = formats.map(formatName);
  const last = names.pop();
  return names.length ? t("{first} and {last}", { first: names.join(", "), last }) : last;
}

/** {kind, format} of a file by its first bytes; kind is "" for what no model takes. */
export function identify(head) {
  const text = (from, to) => String.fromCharCode(...head.slice(from, to));
  const is = (kind, format) => ({ kind, format });
  if (head[0] === 0xff && head[1] === 0xd8 && head[2] === 0xff) return is("image", "jpeg");
  if (text(0, 8) === "\x89PNG\r\n\x1a\n") return is("image", "png");
  if (/^GIF8[79]a/.test(text(0, 6))) return is("image", "gif");
  if (text(0, 4) === "RIFF" && text(8, 12) === "WEBP") return is("image", "webp");
  if (text(0, 4) === "RIFF" && text(8, 12) === "WAVE") return is("audio", "wav");
  if (text(4, 8) === "ftyp") return identifyBox(text(8, 12), is);
  if (text(0, 4) === "\x1aE\xdf\xa3") return is("video", text(0, 64).includes("webm") ? "webm" : "mkv");
  if (text(0, 3) === "ID3" || (head[0] === 0xff && [0xe2, 0xe4].includes(head[1] & 0xe6))) return is("audio", "mp3");
  if (text(0, 4) === "fLaC") return is("audio", "flac");
  if (text(0, 4) === "OggS") return is("audio", "ogg");
  const refused = Object.entries(REFUSED).find(([magic]) => text(0, magic.length) === magic);
  return is("", refused?.[1] ?? t("an unknown format"));
}

function identifyBox(brand, is) {
  if (brand === "qt  ") return is("video", "mov");
  if (brand === "M4A ") return is("audio", "m4a");
  if (["avif", "avis"].includes(brand)) return is("", "AVIF");
  if (/^(hei[cxf]|hevc|mif1|msf1|crx )$/.test(brand)) return is("", "HEIC");
  return is("video", "mp4");
}

const REFUSED = {
  BM: "BMP", "II*\0": "TIFF", "MM\0*": "TIFF", "\0\0\x01\0": "ICO", "8BPS": "PSD", "%PDF": "PDF", "PK\x03\x04": "ZIP",
  "<svg": "SVG", "<?xml": "SVG",
};
