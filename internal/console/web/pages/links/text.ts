import type { links } from "../../text/en/links";

/** The texts of the area, after its load. */
export const text = {} as typeof links;
