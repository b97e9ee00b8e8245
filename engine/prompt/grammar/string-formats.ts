const DATE =
  '\\d{4}-((0[13578]|1[02])-(0[1-9]|[12]\\d|3[01])|(0[469]|11)-(0[1-9]|[12]\\d|30)|02-(0[1-9]|1\\d|2[0-8]))'
const CLOCK = '([01]\\d|2[0-3]):[0-5]\\d:[0-5]\\d(\\.\\d{1,9})?'
const ZONE = '(Z|[+-]([01]\\d|2[0-3]):[0-5]\\d)'
const BYTE = '(25[0-5]|2[0-4]\\d|1\\d\\d|[1-9]?\\d)'
const IPV4 = `${BYTE}(\\.${BYTE}){3}`
const GROUP = '[0-9a-fA-F]{1,4}'
const IPV6 =
  `((${GROUP}:){7}${GROUP}|(${GROUP}:){1,7}:|(${GROUP}:){1,6}(:${GROUP})|(${GROUP}:){1,5}(:${GROUP}){2}|` +
  `(${GROUP}:){1,4}(:${GROUP}){3}|(${GROUP}:){1,3}(:${GROUP}){4}|(${GROUP}:){1,2}(:${GROUP}){5}|` +
  `${GROUP}:(:${GROUP}){6}|:(:${GROUP}){1,7}|::)`
const LABEL = '[A-Za-z0-9]([A-Za-z0-9-]{0,30}[A-Za-z0-9])?'
/** Without bounds on its parts: they would multiply with a pattern or a length beside it. */
const EMAIL =
  '[A-Za-z0-9_+-]+(\\.[A-Za-z0-9_+-]+)*@([A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?\\.)+[A-Za-z]{2,16}'
const SPAN = '(\\d{1,4}H(\\d{1,4}M(\\d{1,4}S)?)?|\\d{1,4}M(\\d{1,4}S)?|\\d{1,4}S)'
const DAYS = '(\\d{1,4}D|\\d{1,4}M(\\d{1,4}D)?|\\d{1,4}Y(\\d{1,4}M(\\d{1,4}D)?)?)'

/** Characters of RFC 3986, escapes included, beside those that part a URI. */
const PCHAR = "([A-Za-z0-9._~!$&'()*+,;=:@-]|%[0-9A-Fa-f]{2})"
const REGISTERED_NAME = "([A-Za-z0-9._~!$&'()*+,;=-]|%[0-9A-Fa-f]{2})*"
const PATH = `(\\/${PCHAR}*)*`
const TAIL = `(\\?(${PCHAR}|[/?])*)?(#(${PCHAR}|[/?])*)?`
const AUTHORITY = `\\/\\/${REGISTERED_NAME}(:\\d*)?${PATH}`
const URI = `[a-zA-Z][a-zA-Z0-9+.-]*:(${AUTHORITY}|${PCHAR}+${PATH}|\\/(${PCHAR}+${PATH})?)${TAIL}`
const BASE64 = '[A-Za-z0-9+/]'
const POINTER = '(\\/([^~/]|~0|~1)*)*'

/** Texts of each format. Some leave out odd but valid ones: what the model writes is always valid. */
const FORMATS: Readonly<Record<string, string>> = {
  date: DATE,
  time: CLOCK + ZONE,
  'date-time': `${DATE}T${CLOCK}${ZONE}`,
  'iso-time': `${CLOCK}${ZONE}?`,
  'iso-date-time': `${DATE}T${CLOCK}${ZONE}?`,
  duration: `P(\\d{1,4}W|${DAYS}(T${SPAN})?|T${SPAN})`,
  uuid: '[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}',
  email: EMAIL,
  'idn-email': EMAIL,
  hostname: `${LABEL}(\\.${LABEL}){0,6}`,
  'idn-hostname': `${LABEL}(\\.${LABEL}){0,6}`,
  ipv4: IPV4,
  ipv6: IPV6,
  uri: URI,
  iri: URI,
  url: `https?:\\/\\/[a-z0-9]{1,30}(\\.[a-z0-9]{1,30}){0,3}\\.[a-z]{2,10}(:\\d{2,5})?(\\/${PCHAR}*)*`,
  'uri-reference': `(${URI}|${AUTHORITY}${TAIL}|\\/(${PCHAR}+${PATH})?${TAIL})`,
  'iri-reference': `(${URI}|${AUTHORITY}${TAIL}|\\/(${PCHAR}+${PATH})?${TAIL})`,
  'json-pointer': POINTER,
  'relative-json-pointer': `(0|[1-9]\\d{0,8})(#|${POINTER})`,
  byte: `(${BASE64}{4})*(${BASE64}{4}|${BASE64}{3}=|${BASE64}{2}==)`,
  base64: `(${BASE64}{4})*(${BASE64}{4}|${BASE64}{3}=|${BASE64}{2}==)?`,
  base64url: '[A-Za-z0-9_-]*',
  jwt: '[A-Za-z0-9_-]+\\.[A-Za-z0-9_-]+\\.[A-Za-z0-9_-]*',
  binary: '[^]*',
  password: '[^]*',
}

/**
 * Patterns that zod writes beside a format, which every text of ours for that format matches. They look ahead in the
 * middle, which no automaton here follows.
 */
const IMPLIED: Readonly<Record<string, string>> = {
  duration:
    '^P(?:(\\d+W)|(?!.*W)(?=\\d|T\\d)(\\d+Y)?(\\d+M)?(\\d+D)?(T(?=\\d)(\\d+H)?(\\d+M)?(\\d+([.,]\\d+)?S)?)?)$',
}

/** Whether a format says all that a pattern beside it says. */
export function isImplied(pattern: string, formats: readonly string[]): boolean {
  return formats.some((format) => Object.hasOwn(IMPLIED, format) && IMPLIED[format] === pattern)
}

/** The pattern of a format; undefined when it is not known. */
export function formatPattern(format: string): string | undefined {
  return Object.hasOwn(FORMATS, format) ? `^(?:${FORMATS[format]})$` : undefined
}
