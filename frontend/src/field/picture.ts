// Photographs in a size that a slow network carries.
import { make } from "./dom";

const WIDEST = 1600; // pixels of a photograph: enough to read a sign, and it is written anew without where it was taken

/** A photograph in a size that a slow network carries; anything else, or what the browser cannot read, stays as it is. */
export async function smaller(file: File, widest = WIDEST, quality = 0.85): Promise<File> {
  if (!file.type.startsWith("image/")) return file;
  try {
    const picture = await createImageBitmap(file);
    const scale = Math.min(1, widest / Math.max(picture.width, picture.height));
    const canvas = make("canvas");
    [canvas.width, canvas.height] = [Math.round(picture.width * scale), Math.round(picture.height * scale)];
    canvas.getContext("2d")!.drawImage(picture, 0, 0, canvas.width, canvas.height);
    const blob = await new Promise<Blob | null>((done) => canvas.toBlob(done, "image/jpeg", quality));
    return blob ? new File([blob], `${file.name.replace(/\.[^.]*$/, "")}.jpg`, { type: "image/jpeg" }) : file;
  } catch {
    return file;
  }
}
