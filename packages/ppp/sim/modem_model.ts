/** Makes of modems that can be simulated: how they call themselves, what they say when they start, and where they differ.
 *
 * @module
 */

/** Names of the makes. */
export type ModemModelName = "generic" | "SIM7600" | "SIM800" | "BG96" | "EC25" | "SARA-R4";

/** A make. */
export interface ModemModel {
  /** Name. */
  readonly name: ModemModelName;
  /** `+CGMI`. */
  readonly manufacturer: string;
  /** `+CGMM`. */
  readonly model: string;
  /** `+CGMR`, with whatever prefix the make gives it. */
  readonly revision: string;
  /** Lines of `ATI`. */
  readonly information: readonly string[];
  /** Lines at the start, with the time at which they come, in milliseconds. */
  readonly startLines: readonly (readonly [number, string])[];
  /** Command for the number of the SIM card, and what stands in front of it. */
  readonly iccid: readonly [command: string, prefix: string];
  /** Commands that start it anew. */
  readonly resetCommands: readonly string[];
  /** Commands that switch it off, and what it says to that, "" for nothing. */
  readonly powerOff: readonly [command: string, farewell: string];
  /** Access technology: 0 GSM, 7 LTE, 8 LTE-M, 9 NB-IoT (3GPP TS 27.007 §7.3, with 8 and 9 as makers use them). */
  readonly technology: number;
  /** Registrations which it has. */
  readonly domains: readonly ("CREG" | "CGREG" | "CEREG")[];
  /** Dial strings for packets; the first group is the number of the context. */
  readonly dial: RegExp;
  /** Speed that `CONNECT` tells: that of the line, or that of the air, or none. */
  readonly connectText: "line" | "air" | "none";
  /** Whether it finds the computer's speed by itself as long as `+IPR` is 0. */
  readonly isAutoBaud: boolean;
  /** Commands of the maker's: what reading or running one tells, without its name. Setting one is taken and kept. */
  readonly more: Readonly<Record<string, string>>;
  /** What it says now and then, where noise is wanted. */
  readonly noise: readonly string[];
  /** Battery as `+CBC` tells it. */
  readonly battery: string;
}

const DIAL = /^\*99(?:\*(?:[^*]*)\*(?:[^*]*)\*(\d+))?#$/;

const GENERIC: ModemModel = {
  name: "generic",
  manufacturer: "lightwire",
  model: "Simulated LTE modem",
  revision: "1.0",
  information: ["lightwire", "Simulated LTE modem", "Revision: 1.0"],
  startLines: [],
  iccid: ["+CCID", "+CCID: "],
  resetCommands: [],
  powerOff: ["", ""],
  technology: 7,
  domains: ["CREG", "CGREG", "CEREG"],
  dial: DIAL,
  connectText: "line",
  isAutoBaud: true,
  more: {},
  noise: ["+CIEV: 2,4"],
  battery: "+CBC: 0,78",
};

/** All makes by name. Their texts are like those which such modems send. */
export const MODEM_MODELS: Readonly<Record<ModemModelName, ModemModel>> = {
  "generic": GENERIC,
  "SIM7600": {
    ...GENERIC,
    name: "SIM7600",
    manufacturer: "SIMCOM INCORPORATED",
    model: "SIMCOM_SIM7600E-H",
    revision: "+CGMR: LE20B04SIM7600M22",
    information: [
      "Manufacturer: SIMCOM INCORPORATED",
      "Model: SIMCOM_SIM7600E-H",
      "Revision: SIM7600M22_V2.0",
      "IMEI: 351602000330570",
      "+GCAP: +CGSM",
    ],
    startLines: [[100, "RDY"], [400, "+CPIN: READY"], [1200, "SMS DONE"], [1500, "PB DONE"]],
    iccid: ["+CICCID", "+ICCID: "],
    resetCommands: ["+CRESET"],
    powerOff: ["+CPOF", ""],
    connectText: "line",
    more: {
      "+CNSMOD": "0,8",
      "+CNMP": "2",
      "+CMNB": "3",
      "+CBANDCFG": '"CAT-M",3,8,20',
      "+CNBP": "0X0002000000400183,0X000001E000080045",
      "+CPSI": "LTE,Online,001-01,0x1A2B,27447553,7,EUTRAN-BAND3,1300,5,5,-94,-850,-600,14",
      "+CGNSPWR": "0",
    },
    noise: ["^RSSI: 21", "+CNSMOD: 8"],
    battery: "+CBC: 3.823V",
  },
  "SIM800": {
    ...GENERIC,
    name: "SIM800",
    manufacturer: "SIMCOM_Ltd",
    model: "SIMCOM_SIM800L",
    revision: "Revision:1418B05SIM800L24",
    information: ["SIM800 R14.18"],
    startLines: [
      [100, "RDY"],
      [150, "+CFUN: 1"],
      [400, "+CPIN: READY"],
      [1400, "Call Ready"],
      [1500, "SMS Ready"],
    ],
    iccid: ["+CCID", ""],
    powerOff: ["+CPOWD", "NORMAL POWER DOWN"],
    technology: 0,
    domains: ["CREG", "CGREG"],
    dial: /^\*99(?:#|##|\*(?:[^*]*)\*(?:[^*]*)\*(\d+)#)$/,
    connectText: "none",
    more: { "+CBAND": '"ALL_BAND"', "+CGNSPWR": "0" },
    noise: ['*PSUTTZ: 2026,11,24,10,0,0,"+4",0', '+CIEV: 10,"00101"'],
    battery: "+CBC: 0,78,3921",
  },
  "BG96": {
    ...GENERIC,
    name: "BG96",
    manufacturer: "Quectel",
    model: "BG96",
    revision: "BG96MAR02A07M1G",
    information: ["Quectel", "BG96", "Revision: BG96MAR02A07M1G"],
    startLines: [[400, "+CPIN: READY"], [1500, "APP RDY"]],
    iccid: ["+QCCID", "+QCCID: "],
    powerOff: ["+QPOWD", "POWERED DOWN"],
    technology: 8,
    connectText: "air",
    more: { "+QNWINFO": '"CAT-M1","00101","LTE BAND 20",6200', "+QCSQ": '"CAT-M1",-71,-94,152,-10' },
    noise: ['+QIND: "csq",21,99'],
    battery: "+CBC: 0,78,3921",
  },
  "EC25": {
    ...GENERIC,
    name: "EC25",
    manufacturer: "Quectel",
    model: "EC25",
    revision: "EC25EFAR06A01M4G",
    information: ["Quectel", "EC25", "Revision: EC25EFAR06A01M4G"],
    startLines: [
      [100, "RDY"],
      [350, "+QUSIM: 1"],
      [400, "+CPIN: READY"],
      [450, "+CFUN: 1"],
      [1200, "+QIND: SMS DONE"],
      [1500, "+QIND: PB DONE"],
    ],
    iccid: ["+QCCID", "+QCCID: "],
    powerOff: ["+QPOWD", "POWERED DOWN"],
    connectText: "air",
    more: { "+QNWINFO": '"FDD LTE","00101","LTE BAND 3",1300', "+QCSQ": '"LTE",-71,-94,152,-10' },
    noise: ['+QIND: "csq",21,99', '+QIND: "act","LTE"'],
    battery: "+CBC: 0,78,3921",
  },
  "SARA-R4": {
    ...GENERIC,
    name: "SARA-R4",
    manufacturer: "u-blox",
    model: "SARA-R410M-02B",
    revision: "L0.0.00.00.05.06 [Feb 03 2018 13:00:41]",
    information: [
      "Manufacturer: u-blox",
      "Model: SARA-R410M-02B",
      "Revision: L0.0.00.00.05.06",
      "IMEI: 351602000330570",
    ],
    iccid: ["+CCID", "+CCID: "],
    powerOff: ["+CPWROFF", ""],
    technology: 8,
    domains: ["CREG", "CGREG", "CEREG"],
    connectText: "none",
    isAutoBaud: false,
    more: { "+URAT": "7,8", "+UPSV": "0" },
    noise: ["+CIEV: 2,4", "+CIEV: 9,2"],
    battery: "+CBC: 0,78",
  },
};
