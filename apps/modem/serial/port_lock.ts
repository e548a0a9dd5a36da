/** {@linkcode PortLock}: the lock file that serial programs have agreed on since UUCP, `/var/lock/LCK..ttyUSB0` with the number of
 * a process in it. Kernel locks are no substitute: root opens a port in spite of TIOCEXCL, and pppd, minicom and wvdial look here.
 *
 * @module
 */
import { createFile, libc, LinuxError, readSmallFile, removeFile } from "@lightwire/app-linux";
import { type PortHolder, processName } from "./port_finder.ts";

/** Folder of the lock files. */
export const LOCK_FOLDER = "/var/lock";

/** One lock file of ours. */
export class PortLock {
  readonly #path: string | undefined;

  private constructor(path: string | undefined) {
    this.#path = path;
  }

  /** Takes the lock; without a right to write into the folder there is none to take, and the kernel's locks must do.
   *
   * @param device Path of the device itself.
   * @param folder Where the lock files are.
   * @returns The lock, or who has it. A lock of a process that is gone is taken over.
   */
  static take(device: string, folder: string = LOCK_FOLDER): PortLock | PortHolder {
    const path = `${folder}/LCK..${device.replace(/^\/dev\//, "").replaceAll("/", "_")}`;
    // Ten characters and a line feed: the "HDB" format.
    const content = `${String(libc().getpid()).padStart(10)}\n`;
    for (let attempt = 0; attempt < 2; attempt++) {
      try {
        if (createFile(path, content)) return new PortLock(path);
      } catch (error) {
        if (error instanceof LinuxError) break;
        throw error;
      }
      const pid = Number.parseInt(readSmallFile(path) ?? "", 10);
      const name = Number.isInteger(pid) ? processName(pid) : undefined;
      if (name !== undefined) return { pid, name };
      removeFile(path);
    }
    return new PortLock(undefined);
  }

  /** Gives the lock back. */
  release(): void {
    if (this.#path !== undefined) removeFile(this.#path);
  }
}
