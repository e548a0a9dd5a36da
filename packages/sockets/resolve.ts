/** Which names are this host.
 *
 * @module
 */

/** "localhost" and everything below it, RFC 6761 §6.3. */
export function isLocalhost(hostname: string): boolean {
  return /^(?:.*\.)?localhost\.?$/i.test(hostname);
}
