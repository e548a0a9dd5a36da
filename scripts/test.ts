/**
 * `deno task test`: every test that needs neither root nor a network.
 *
 * The packages run first, allowed to read files and the environment and nothing else, which shows that they need no
 * permission; then the applications and scripts. Arguments are handed to `deno test`; paths among them replace the two
 * rounds by one. Of tests that pass only the file's name is shown.
 *
 * @module
 */
import { runDeno } from "./lib/run_deno.ts";
import { addSummaries, formatSummary, parseTestSummary, type TestSummary } from "./lib/test_summary.ts";

interface Round {
  readonly name: string;
  readonly args: readonly string[];
}

/** Tests against the kernel need root; the fuzz and the long simulations are tasks of their own. */
const IGNORED = "--ignore=scripts/interop";

/** Of a test that passed, and of a file that checked, nothing is shown. */
const UNEVENTFUL = /\.\.\. ok \(|^Check /;

function roundsFor(args: readonly string[]): Round[] {
  const common = ["test", "--frozen", "--parallel", "--no-prompt"];
  const flags = args.filter((arg) => arg.startsWith("-"));
  const paths = args.filter((arg) => !arg.startsWith("-"));
  if (paths.length > 0) return [{ name: "chosen", args: [...common, "-A", ...flags, ...paths] }];
  return [
    {
      name: "packages, without permissions",
      args: [...common, "--allow-read", "--allow-env", ...flags, "packages/"],
    },
    {
      name: "applications and scripts",
      args: [...common, "-A", IGNORED, ...flags, "apps/", "scripts/"],
    },
  ];
}

async function main(args: readonly string[]): Promise<number> {
  let total: TestSummary = { passed: 0, failed: 0, skipped: 0 };
  let isGood = true;
  for (const round of roundsFor(args)) {
    console.log(`\n${round.name}: deno ${round.args.join(" ")}`);
    const result = await runDeno(round.args, { hidden: UNEVENTFUL });
    const summary = parseTestSummary(result.output) ?? { passed: 0, failed: 1, skipped: 0 };
    total = addSummaries(total, summary);
    if (result.code !== 0) isGood = false;
  }
  if (!isGood && total.failed === 0) total = addSummaries(total, { passed: 0, failed: 1, skipped: 0 });
  console.log(`${isGood ? "ok" : "FAILED"}: ${formatSummary(total)}`);
  return isGood ? 0 : 1;
}

if (import.meta.main) Deno.exit(await main(Deno.args));
