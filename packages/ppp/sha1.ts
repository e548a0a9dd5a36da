/** SHA-1, which MS-CHAPv2 and MPPE are made of, lives in `@lightwire/pbuf`.
 *
 * @module
 */
export { sha1 } from "@lightwire/pbuf/digest";
