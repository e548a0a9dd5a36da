import { assertEquals } from "@std/assert";
import fc from "fast-check";
import { parseCommandLine, splitArguments } from "./at_command_line.ts";

function names(line: string): string[] {
  return parseCommandLine(line).map(({ name, operation, number, text }) =>
    `${name} ${operation} ${number}${text === "" ? "" : ` ${text}`}`
  );
}

Deno.test("parseCommandLine() splits basic, register and extended commands (V.250 §5.4)", () => {
  assertEquals(names("E0V1&C1;+CMEE=2"), ["E run 0", "V run 1", "&C run 1", "+CMEE set 0 2"]);
  assertEquals(names("s7=60 s3? Q"), ["S set 7 60", "S read 3", "Q run 0"]);
  assertEquals(names("+csq;+cops=?;+cops?"), ["+CSQ run 0", "+COPS test 0", "+COPS read 0"]);
  assertEquals(names('+cgdcont = 1, "IP", "a;B"'), ['+CGDCONT set 0 1,"IP","a;B"']);
  assertEquals(names("&F0&d2\\Q3%C0"), ["&F run 0", "&D run 2", "\\Q run 3", "%C run 0"]);
  assertEquals(names("^SYSCFG?;$QCRMCALL=1,1"), ["^SYSCFG read 0", "$QCRMCALL set 0 1,1"]);
});

Deno.test("parseCommandLine() takes the dial string whole (V.250 §6.3.1)", () => {
  assertEquals(names("E0dt*99***1#"), ["E run 0", "D run 0 T*99***1#"]);
  assertEquals(names("D 0123 45;H"), ["D run 0 012345;", "H run 0"]);
});

Deno.test("parseCommandLine() ends at what is no command", () => {
  assertEquals(names("E1!+CSQ"), ["E run 1", " run 0"]);
  assertEquals(names("(+CSQ"), [" run 0"]);
  assertEquals(names(""), []);
});

Deno.test("splitArguments() keeps commas in strings and missing parameters", () => {
  assertEquals(splitArguments('1,"IP",,"a,b"'), ["1", "IP", "", "a,b"]);
  assertEquals(splitArguments(""), [""]);
});

Deno.test("property: parseCommandLine() takes every line", () => {
  fc.assert(fc.property(fc.string({ maxLength: 80 }), (line) => {
    const commands = parseCommandLine(line);
    return commands.every(({ name }, i) => name !== "" || i === commands.length - 1);
  }));
});
