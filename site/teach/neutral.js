/** Plain English that no set teaches, by which the page measures what a manner costs. Not translated. */

export const NEUTRAL = `The library of the town stands between the station and the old market. It was built in the year in which the railway came, of yellow brick, with tall windows on three sides. In the mornings it is used mainly by students, who sit at the long tables upstairs; in the afternoons children come after school, and the reading room on the ground floor is full of their coats and bags.

Most of the books were bought from a fund that a merchant left to the town when he died. He had asked for two things: that the library should be open on Sundays, and that nobody should have to pay. The first wish was kept for nearly forty years. The second has been kept until today, although the roof has had to be repaired twice and the heating is older than anyone who works there.`;
