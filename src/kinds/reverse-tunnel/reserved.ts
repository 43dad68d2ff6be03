/** Names by which people, mail servers and certificate authorities take a host for one of whoever runs the domain (RFC 2142, RFC 6761 and habit). */
const RESERVED = new Set(
  `abuse account accounts acme admin administrator api app apps assets auth autoconfig autodiscover billing blog cdn console
   dashboard dev dns docs download email example files ftp git help hostmaster hyperspeed id imap internal invalid isatap ldap
   local localhost login logout mail metrics monitor mta-sts mx news noc ns ns1 ns2 oauth openapi pop pop3 postmaster proxy
   registry root security server signin signup smtp sso staff static status support system test tunnel tunnels usenet
   vpn webmail webmaster wpad www`.split(/\s+/),
)

/**
 * Whether a name may be nobody's: one that others would take for the operator's, or that begins with what internationalized names
 * are written as (RFC 5890), so that it would be shown as something else.
 */
export function isReserved(subdomain: string): boolean {
  return RESERVED.has(subdomain) || /^..--/.test(subdomain)
}
