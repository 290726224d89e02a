// The training card: read once before the first visit, noted on the phone first and sent when there is a network.
// What goes out is the number of the card; the server counts it for the team and keeps no name.
import { writing } from "./store";

const dialog = document.getElementById("field-card") as HTMLDialogElement | null;

/** Shows the card until it is confirmed; ``token`` guards the request that says so. */
export function trainingCard(holder: string, token: () => string): void {
  if (!dialog) return;
  const card = dialog.dataset.card!;
  const key = `qipan-card ${holder} ${card}`;
  const send = async (): Promise<void> => {
    if (localStorage.getItem(key) !== "read") return;
    try {
      const answer = await fetch("/api/field/card", {
        method: "POST",
        headers: writing(token(), holder),
        credentials: "same-origin",
        body: JSON.stringify({ card: Number(card) }),
        signal: AbortSignal.timeout(30_000),
      });
      // A newer card (404) is shown when the page is opened anew; nothing else is worth asking again.
      if (answer.ok || answer.status === 404) localStorage.setItem(key, "sent");
    } catch {
      // No network: it goes out when there is one.
    }
  };
  if (dialog.dataset.read === "1") localStorage.setItem(key, "sent");
  document.getElementById("card-done")!.addEventListener("click", () => {
    if (!localStorage.getItem(key)) localStorage.setItem(key, "read");
    dialog.close();
    void send();
  });
  dialog.addEventListener("close", () => localStorage.getItem(key) || dialog.showModal()); // a back gesture is no reading
  document.getElementById("card-open")!.addEventListener("click", () => dialog.showModal());
  addEventListener("online", () => void send());
  setInterval(() => document.hidden || void send(), 60_000);
  if (!localStorage.getItem(key)) dialog.showModal();
  void send();
}
