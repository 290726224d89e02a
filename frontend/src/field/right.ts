// Whether the right to this page stands, as far as the clocks of a phone can say that the server does not answer (ADR 29).
import { now, sure } from "./clock";

const DAY = 86_400_000;
const KEY = "qipan-right ";
/** Days after which what lies here goes, when all that time only the phone's clock has said that the right is over. */
export const DAYS = 7;

export type Standing = "stands" | "doubted" | "over";
/** What the clocks said when they were last read, in ms on the server's clock. */
interface Known {
  latest: number; // the latest time that was seen while the right stood, and what has run since
  said: number; // by the phone's clock
  least: number; // it was at least
  doubted: number; // how long the right has been over by the phone's clock alone
}

/** Reads the clocks once more: only time that has surely run ends a right; what the phone's clock says puts it in doubt. */
function judge(known: Known, said: number, least: number, ends: number): Known & { standing: Standing } {
  const ran = Math.max(0, least - known.least);
  const passed = Math.max(ran, said - known.said);
  const back = said < known.latest; // the clock was set back: time goes on from the latest that was seen
  const latest = said >= ends ? known.latest + ran : Math.max(said, known.latest + (back ? passed : ran));
  const gone = Math.max(said, latest) >= ends;
  const was = Math.max(known.said, known.latest) >= ends;
  // However far a clock leaps once more, it counts as a day: only days that pass take anything off.
  const doubted = known.doubted + (gone && was ? Math.max(ran, Math.min(passed, DAY)) : 0);
  const standing = least >= ends || doubted >= DAYS * DAY ? "over" : gone ? "doubted" : "stands";
  return { latest, said, least, doubted, standing };
}

export class Right {
  private key: string;

  constructor(
    holder: string,
    readonly ends: number, // Infinity where no end is set
  ) {
    this.key = KEY + holder;
  }

  /** Whether the right stands by now. */
  read(): Standing {
    const [said, least] = [now(), sure()];
    const kept = localStorage.getItem(this.key);
    const known = kept ? (JSON.parse(kept) as Known) : { latest: 0, said, least, doubted: 0 };
    const { standing, ...more } = judge(known, said, least, this.ends);
    localStorage.setItem(this.key, JSON.stringify(more));
    return standing;
  }

  /** The server has answered under this right: what the clocks said before is worth nothing. */
  confirm(): void {
    const [said, least] = [now(), sure()];
    localStorage.setItem(this.key, JSON.stringify({ latest: least, said, least, doubted: 0 } satisfies Known));
  }
}

/** Forgets what was read for a pass or post. */
export const forgetRight = (holder: string): void => localStorage.removeItem(KEY + holder);
