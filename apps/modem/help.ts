/** The help text of `pppup`.
 *
 * @module
 */
import { COMMANDS, FAULT_HELP, OUTPUT_HELP } from "@lightwire/app-commands";
import { DIAG_USAGE } from "./diag/diag_arguments.ts";
import { DIALLING_HELP } from "./dialling_options.ts";
import { FAULT_NAMES, LINK_HELP } from "./link_options.ts";
import { REDIAL_HELP } from "./redial_options.ts";

const OWN_COMMANDS = `  up
      bring the link up and stay, with a status line, until Ctrl-C (this is the default)
  ${DIAG_USAGE}
      a numbered report: what works, what does not, the evidence, and what to do
  at ['COMMAND' …]
      send commands to the modem and print what it says; without any, those of standard input, a line each`;

/** The help text. */
export const HELP: string = `pppup: brings a serial modem, or any PPP peer, up without root, and uses the link

pppup LINK [DIALLING] [OUTPUT] [COMMAND …]

${LINK_HELP}
${FAULT_HELP}

${DIALLING_HELP}
${REDIAL_HELP}
  --dns A  --route NET/LEN,VIA  --mtu N  --hostname H
                       name server and routes beside those of the peer; smaller packets; our name

${OUTPUT_HELP}

COMMANDS
${OWN_COMMANDS}
${COMMANDS.map((c) => `  ${c.usage}\n      ${c.summary}`).join("\n")}

Examples
  pppup --sim
  pppup --device /dev/ttyUSB2 --apn internet ping -c 3 www.example.com
  pppup --device /dev/ttyUSB2 --apn internet diag
  pppup --device /dev/ttyS0 --direct --user me --password-file secret get http://10.0.0.1/ -o page

Faults of --sim-fault
  ${wrap(FAULT_NAMES, 100)}

Exit status: 0 done, 1 the network said no, 2 wrong usage, 130 interrupted.
`;

function wrap(text: string, width: number): string {
  const lines = [""];
  for (const word of text.split(" ")) {
    const line = lines.at(-1)!;
    if (line.length + word.length + 1 > width) lines.push(word);
    else lines[lines.length - 1] = line === "" ? word : `${line} ${word}`;
  }
  return lines.join("\n  ");
}
