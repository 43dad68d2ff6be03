/** What may begin a host in a text, as browsers and mail programs read it: a scheme with any slashes, two of them, or an at sign. */
const HOST_IN_URL =
  /(?:\b[a-z][a-z\d+.-]{0,30}:[/\\]*|[/\\]{2,}|@)(?:[^\s/?#@\\]{0,256}@)?([^\s/?#:"'<>{}|\\^`@,;()[\]]+)/giu
/** What looks like a host by itself. */
const BARE_HOST = /(?<![\p{L}\p{N}.-])[\p{L}\p{N}-]+(?:\.[\p{L}\p{N}-]+)+/gu
/** In one label, letters of Latin beside those that are drawn like some of them. */
const LOOKS_LATIN = /[\p{Script=Cyrillic}\p{Script=Greek}\p{Script=Armenian}\p{Script=Cherokee}\p{Script=Lisu}]/u

/**
 * Hosts in a text that are not written in ASCII, as they are asked for (Punycode, RFC 3492): letters of other alphabets may look like those
 * of a host that one knows. What has no scheme before it is taken for one where its letters are of two alphabets.
 *
 * @returns each once, as it is written and in ASCII; what is no host at all is left out.
 */
export function foreignHosts(text: string): { written: string; ascii: string }[] {
  // Most texts have nothing to look for.
  if (/^\p{ASCII}*$/u.test(text)) return []
  const hosts = new Map<string, string>()
  const take = (written: string) => {
    const ascii = /^[\x20-\x7e]*$/.test(written) ? undefined : URL.parse(`https://${written}/`)?.hostname
    if (ascii !== undefined && ascii !== '') hosts.set(written, ascii)
  }
  for (const [, written = ''] of text.matchAll(HOST_IN_URL)) if (written.includes('.')) take(written)
  for (const [written] of text.matchAll(BARE_HOST)) if (written.split('.').some(isMixed)) take(written)
  return [...hosts].map(([written, ascii]) => ({ written, ascii }))
}

function isMixed(label: string): boolean {
  return LOOKS_LATIN.test(label) && (/\p{Script=Latin}/u.test(label) || /[a-z]/i.test(label))
}
