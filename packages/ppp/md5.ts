/** MD5, which CHAP and L2TP are made of, lives in `@lightwire/pbuf`.
 *
 * @module
 */
export { md5 } from "@lightwire/pbuf/digest";
