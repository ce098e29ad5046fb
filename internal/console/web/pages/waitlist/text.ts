import type { waitlist } from "../../text/en/waitlist";

/** The texts of the area, after its load. */
export const wait = {} as typeof waitlist;
