/** What begins a URL, with what may be its host, which ends before a path, a port or white space. */
const URL_WITH_HOST = /\b[a-z][a-z\d+.-]{0,30}:\/\/(?:[^\s/?#@]*@)?([^\s/?#:"'<>{}|\\^`]+)/giu

/**
 * Hosts in a text that are not written in ASCII, as they are asked for (Punycode, RFC 3492): letters of other alphabets may look like those
 * of a host that one knows.
 *
 * @returns each once, as it is written and in ASCII; what is no host at all is left out.
 */
export function foreignHosts(text: string): { written: string; ascii: string }[] {
  const hosts = new Map<string, string>()
  for (const [, written = ''] of text.matchAll(URL_WITH_HOST)) {
    const ascii = /^[\x20-\x7e]*$/.test(written) ? undefined : URL.parse(`https://${written}/`)?.hostname
    if (ascii !== undefined) hosts.set(written, ascii)
  }
  return [...hosts].map(([written, ascii]) => ({ written, ascii }))
}
