/** {@linkcode bringUpSettings}: what the command line means for the bring-up.
 *
 * @module
 */
import { parseIpAddressOrThrow } from "@lightwire/ip/address";
import type { IpcpOptions, PppAuthMethod, PppCredentials, PppSessionOptions } from "@lightwire/ppp";
import type { BringUpOptions } from "@lightwire/ppp/modem";
import type { Dialling } from "./dialling_options.ts";
import type { PppupOptions } from "./options.ts";

/** Who the simulated operator lets in; `--sim` proves it without being told. */
export const SIM_CREDENTIALS: PppCredentials = { name: "demo", secret: "demo" };

/** How the link is to be brought up. */
export function bringUpSettings(o: PppupOptions): BringUpOptions {
  const { link, dialling: d } = o;
  const isLine = link.kind !== "pppoe" && link.kind !== "l2tp";
  return {
    direct: isLine && link.isDirect,
    answer: d.isAnswering,
    ...(isLine ? { baudRate: link.baudRate, findsBaudRate: !link.isBaudGiven } : {}),
    init: d.init,
    cmux: d.hasCmux,
    session: sessionSettings(o),
    ...(d.pin === undefined ? {} : { pin: d.pin }),
    ...(d.apn === undefined ? {} : { apn: d.apn }),
    ...(d.hasIpv6 ? { pdpType: d.hasIpv4 ? "IPV4V6" : "IPV6" } : {}),
    ...(d.number === undefined ? {} : { number: d.number }),
  };
}

/** PPP, in the role that the command line gives us. */
export function sessionSettings({ link, dialling: d, redial }: PppupOptions): PppSessionOptions {
  const isServer = link.kind === "device" && link.isServer;
  const credentials = credentialsOf(d, link.kind === "sim");
  const isAsking = isServer && credentials !== undefined && d.authMethods?.length !== 0;
  return {
    lcp: {
      ...(d.mru === undefined ? {} : { mru: d.mru }),
      ...(d.accm === undefined ? {} : { accm: d.accm }),
      ...(d.echoIntervalMs === undefined ? {} : { echoIntervalMs: d.echoIntervalMs }),
    },
    ...(isServer || credentials === undefined || d.authMethods?.length === 0 ? {} : { credentials }),
    ...(isAsking
      ? { peerSecrets: (name: string) => name === credentials.name ? credentials.secret : undefined }
      : {}),
    ...methodsOf(d),
    ...(d.isMppeRequired ? { ccp: { mppe: "required" as const } } : {}),
    ipcp: d.hasIpv4 ? ipcpSettings(d, isServer) : false,
    ipv6cp: d.hasIpv6 ? {} : false,
    ...(d.isMppeRequired ? { ccp: { mppe: "required" as const } } : {}),
    ...(isServer ? { listen: "passive" as const } : {}),
    ...(redial.idleMs === undefined ? {} : { idleMs: redial.idleMs }),
    ...(redial.maxSessionMs === undefined ? {} : { maxSessionMs: redial.maxSessionMs }),
  };
}

function credentialsOf(d: Dialling, isSim: boolean): PppCredentials | undefined {
  if (d.user === undefined && d.password === undefined) return isSim ? SIM_CREDENTIALS : undefined;
  return { name: d.user ?? "", secret: d.password ?? "" };
}

/** Keys of MPPE come from MS-CHAP alone (RFC 3079 §1). */
const KEY_METHODS: readonly PppAuthMethod[] = ["mschapv2", "mschap"];

function methodsOf(d: Dialling): { readonly authMethods?: readonly PppAuthMethod[] } {
  if (d.authMethods !== undefined && d.authMethods.length > 0) return { authMethods: d.authMethods };
  return d.isMppeRequired ? { authMethods: KEY_METHODS } : {};
}

function ipcpSettings(d: Dialling, isServer: boolean): IpcpOptions {
  return {
    ...(d.local === undefined ? {} : { localAddress: parseIpAddressOrThrow(d.local) }),
    ...(d.remote === undefined ? {} : { peerAddress: parseIpAddressOrThrow(d.remote) }),
    ...(isServer ? { isPeerAddressFixed: true, requestsDns: false } : {}),
    ...(d.isVjWanted ? {} : { vj: false }),
    vj: d.isVjWanted,
    dnsServers: d.dnsForPeer.map((text) => parseIpAddressOrThrow(text)),
  };
}
