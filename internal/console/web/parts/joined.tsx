import { Name } from "./value";

interface JoinedProps {
	of: Array<string | null | undefined>;
	by: string;
}

/** What people wrote, in a row: each text apart from the next, whatever their directions. Empty ones are left out. */
export function Joined({ of, by }: JoinedProps) {
	return <>{of.filter((text) => !!text).map((text, i) => [i > 0 && by, <Name key={i}>{text ?? ""}</Name>])}</>;
}
