import type { entry } from "../../text/en/entry";

/** The texts of the area, after its load. */
export const text = {} as typeof entry;
