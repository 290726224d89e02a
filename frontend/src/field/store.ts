// What lies on the phone: visits, reports of matters, forms and filled ones, sheets of doors, the list of what was finished.
import { openDB, type DBSchema, type IDBPDatabase } from "idb";

/** KEPT on this phone, SENT without an answer yet, then what the server said. */
export type State = "KEPT" | "SENT" | "ACKNOWLEDGED" | "CONFLICT" | "REFUSED";
export interface Kept {
  id: string;
  holder: string; // the pass or post that it was recorded under
  round: number;
  place: string;
  team?: number; // whose doors were chosen on the page
  outcome: number; // its rank
  name: string; // its name, as the server knows it
  at: string; // by this phone's clock, or by the server's
  served?: boolean; // by the server's
  state: State;
  ready: number; // until then it can be taken back, on the server's clock
  tried?: boolean; // it may have reached the server
  answered: number; // when the server's answer came, on its clock
  why: string; // the server's reason when refused, and its word when it came too late to be counted
}
export interface Tally {
  KEPT: number;
  SENT: number;
  ACKNOWLEDGED: number;
  CONFLICT: number;
  REFUSED: number;
}
/** A sheet of doors as the server told it, and when it was asked. */
export interface Stored {
  key: string;
  etag: string;
  asked: number;
  as_of: string; // when the server told it, on the server's clock
  body: unknown;
}
/** A matter that was reported at a door. */
export interface Told {
  id: string;
  holder: string;
  place: string;
  team?: number; // at whose doors
  category: string;
  text: string;
  photos?: Blob[];
  same?: number; // the open matter that it was said to be
  drill?: boolean;
  at: string;
  state: State;
  why: string;
}
/** A form as the server tells of it; ``passport`` is names and texts in the page's language. */
export interface Offer {
  code: string;
  version: number;
  title: string;
  about: string; // "DOOR", "UNIT", "PERSON"
  passport: [string, string][];
  valid_to: string;
  lapsed: boolean;
  sum: string;
  files: [name: string, sum: string][];
  blocked: string; // why it cannot be given out on this ground
}
/** A form on this phone: as it is listed, its XForm, and the files beside it. A lapsed one has its passport only. */
export interface Blank {
  key: string; // holder, code, and which version and sums it is
  holder: string;
  offer: Offer;
  listed: boolean; // the server still lists it; else it stays for what was begun with it
  xform: string;
  files: { name: string; sum: string; blob: Blob }[];
}
/** A filled form: DRAFT while it is being filled in, then as a visit. */
export interface Filled {
  id: string; // of its instanceID
  holder: string;
  blank: string; // key of its form
  title: string;
  place: string;
  team?: number; // on whose page it was begun; none at a desk
  label: string; // of the door or unit, in words
  at: string;
  changed: number;
  state: "DRAFT" | State;
  ready: number; // until then it does not go out
  why: string;
  failed?: number; // when it was tried last, in vain
  parts: { name: string; blob: Blob; taken?: boolean }[]; // the XML first, then photographs that the server has taken or not; emptied when it holds all for good
}
/** One line of the list of what was finished; ``hash`` covers the line and all before it. */
export interface Line {
  holder: string;
  n: number;
  id: string;
  place: string;
  hash: string;
  gone?: "DROPPED"; // refused, then taken off the phone: it will never arrive
}
/** How far the server has agreed to a holder's list on this phone. */
export interface Agreed {
  holder: string;
  device: string; // a number of this phone's own, for this holder only
  n: number;
  hash: string;
  begun?: boolean; // the server was told of it
  emptied?: string; // this store was emptied; the server last heard of the list before at this time
}
interface Schema extends DBSchema {
  visits: { key: string; value: Kept; indexes: { state: State } };
  sheets: { key: string; value: Stored };
  matters: { key: string; value: Told };
  lines: { key: [string, number]; value: Line; indexes: { id: string } };
  agreed: { key: string; value: Agreed };
  forms: { key: string; value: Blank };
  filled: { key: string; value: Filled };
}
export type Store = IDBPDatabase<Schema>;

/** Opens the phone's store; an older one keeps what lies in it. */
export function openStore(): Promise<Store> {
  return openDB<Schema>("qipan-field", 3, {
    upgrade(fresh, from) {
      if (from < 1) {
        fresh.createObjectStore("visits", { keyPath: "id" }).createIndex("state", "state");
        fresh.createObjectStore("sheets", { keyPath: "key" });
      }
      if (from < 2) {
        fresh.createObjectStore("matters", { keyPath: "id" });
        fresh.createObjectStore("lines", { keyPath: ["holder", "n"] }).createIndex("id", "id");
        fresh.createObjectStore("agreed", { keyPath: "holder" });
      }
      fresh.createObjectStore("forms", { keyPath: "key" });
      fresh.createObjectStore("filled", { keyPath: "id" });
    },
    blocking: (_now, _next, event) => (event.target as IDBDatabase).close(), // a newer page upgrades it
  });
}

/** What is done by one page of this browser at a time; none waits for another: an upload may take minutes. */
type Work = "visits" | "matters" | "forms" | "list";

/** Runs one piece of work at a time in all pages of this browser. */
export async function alone<T>(name: Work, work: () => Promise<T>): Promise<T> {
  return navigator.locks ? ((await navigator.locks.request(`qipan-${name}`, work)) as T) : work();
}

const SLOWEST = 10; // bytes in a ms

/** Gives a request up that takes longer than the slowest network takes for its bytes. */
export const patience = (bytes: number, least = 30_000): AbortSignal => AbortSignal.timeout(least + bytes / SLOWEST);

/** The token that guards what this page writes. */
export const csrf = (): string => document.cookie.split("; ").find((part) => part.startsWith("csrftoken="))?.slice(10) ?? "";

/** Names for whom a request asks: under another pass or post the server gives and takes nothing. */
export const asking = (holder: string): Record<string, string> => ({ "Qipan-Holder": holder });

/** The headers of a request that writes. */
export const writing = (token: string, holder: string): Record<string, string> => ({ ...asking(holder), "Content-Type": "application/json", "X-CSRFToken": token });
