/** Handing something to the person: as a file, or in the clipboard. */
import { toast } from "./toasts";

/** Save what the page made. */
export function saveFile(content: BlobPart, name: string, type: string): void {
  const address = URL.createObjectURL(new Blob([content], { type }));
  saveFrom(address, name);
  setTimeout(() => URL.revokeObjectURL(address), 10_000);
}

/** Save what is at an address, under the name the server gives it. */
export function saveFrom(address: string, name = ""): void {
  const link = document.createElement("a");
  link.href = address;
  link.download = name;
  link.click();
}

/** Put text into the clipboard; where the browser forbids it, show the text to be copied by hand. */
export async function copyText(text: string, said: string): Promise<void> {
  try {
    await navigator.clipboard.writeText(text);
    toast(said, { tone: "news" });
  } catch {
    toast(`Copy this: ${text}`, { tone: "news" });
  }
}
