/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * html_chart.c - see html_chart.h. An SVG is WIDE by HIGH, whatever it is stretched to; lines
 * keep their width.
 */
#include "html_chart.h"

#include <stdio.h>

#include "count.h"
#include "output.h"

#define WIDE 1000.0
#define HIGH 100.0
#define FIRST_SIZE 1024 /* smaller files have one column together, and empty ones too */
#define SMALL_COLUMNS 2
#define MAX_COLUMNS (SMALL_COLUMNS + 54)
#define LABEL_STEP 3 /* powers of two from one label to the next */

/* The base-2 logarithm, but straight between the powers of two. */
static double octaves(uint64_t n)
{
	const int power = n ? 63 - __builtin_clzll(n) : 0;

	return n ? power + (double)n / (double)(1ull << power) - 1 : 0;
}

static void begin_chart(struct html *html, const char *title)
{
	html->n_charts++;
	output_print("<svg viewBox=\"0 0 %.0f %.0f\" preserveAspectRatio=\"none\" role=\"img\" "
		     "aria-labelledby=\"c%d\" aria-describedby=\"d%d\">\n<title id=\"c%d\">",
		     WIDE, HIGH, html->n_charts, html->n_charts, html->n_charts);
	html_text(html, title);
	output_print("</title>\n<desc id=\"d%d\">The numbers are in the table below.</desc>\n",
		     html->n_charts);
}

static void draw_line(const char *class, double x1, double y1, double x2, double y2)
{
	output_print("<line class=\"%s\" x1=\"%.2f\" y1=\"%.2f\" x2=\"%.2f\" y2=\"%.2f\"/>\n",
		     class, x1, y1, x2, y2);
}

/* A word at the left, as high as y of HIGH. */
static void label_y(double y, const char *text)
{
	output_print("<span class=\"y\" style=\"top:%.2f%%\">%s</span>\n", y / HIGH * 100, text);
}

/* A word below, x of WIDE from the left. */
static void label_x(double x, const char *text, bool minor)
{
	output_print("<span class=\"x%s\" style=\"left:%.2f%%\">%s</span>\n", minor ? " minor" : "",
		     x / WIDE * 100, text);
}

/*
 * A word at a line from top to bottom: on its right, or where there is no room, on its left.
 * row: how far down, as words can be side by side; -1: above the chart
 */
static void label_mark(struct html *html, const struct chart_mark *mark, double x, int row)
{
	const bool left = x > WIDE * 0.48;

	output_print("<span class=\"mark %s%s\" style=\"%s:%.2f%%;top:%dpx\">", mark->class,
		     left ? " left" : "", left ? "right" : "left",
		     (left ? WIDE - x : x) / WIDE * 100, 2 + 22 * row);
	html_text(html, mark->label);
	output_text("</span>\n");
}

/* ---- The files by size ------------------------------------------------------------- */

struct column {
	uint64_t from, below; /* sizes of file */
	struct count of[2];
};

struct columns {
	struct column list[MAX_COLUMNS];
	size_t n;
};

static uint64_t column_from(size_t i)
{
	if (i < SMALL_COLUMNS)
		return i;
	return (uint64_t)FIRST_SIZE << (i - SMALL_COLUMNS);
}

/* Up to the one with the largest file, and at least up to where the threshold usually is. */
static void fill_columns(struct columns *columns, const struct tally *tally)
{
	*columns = (struct columns){.n = SMALL_COLUMNS + 8};
	for (size_t i = 0; i < MAX_COLUMNS; i++) {
		struct column *column = &columns->list[i];

		column->from = column_from(i);
		column->below = i + 1 < MAX_COLUMNS ? column_from(i + 1) : UINT64_MAX;
		for (int dax = 0; dax < 2; dax++) {
			column->of[dax] = tally_sizes(tally, dax, column->from, column->below);
			if (column->of[dax].files && i >= columns->n)
				columns->n = i + 1;
		}
	}
}

static char *column_name(char dst[48], const struct column *column)
{
	char from[16], below[16];

	if (column->from == 0)
		snprintf(dst, 48, "empty");
	else if (column->from == 1)
		snprintf(dst, 48, "under %s", output_size(below, column->below));
	else
		snprintf(dst, 48, "%s to %s", output_size(from, column->from),
			 output_size(below, column->below));
	return dst;
}

static double column_x(const struct columns *columns, size_t i)
{
	return WIDE * (double)i / (double)columns->n;
}

/* Where a size lies between the columns. */
static double size_x(const struct columns *columns, uint64_t size)
{
	double at;

	if (size < FIRST_SIZE)
		at = size ? 1 : 0;
	else
		at = SMALL_COLUMNS + octaves(size) - octaves(FIRST_SIZE);
	return WIDE * at / (double)columns->n;
}

/* What a panel shows: the number of files, or their bytes. */
struct panel {
	const char *title;
	bool bytes;
	uint64_t step; /* of the scale */
	double top;    /* which may be more than an uint64_t holds */
};

static uint64_t value_of(const struct panel *panel, const struct count *count)
{
	return panel->bytes ? count->bytes : count->files;
}

/* A round number that is at least a third of the highest: of ten, or for bytes of two. */
static void find_scale(struct panel *panel, const struct columns *columns)
{
	static const unsigned int factors[] = {2, 5, 10};
	uint64_t highest = 1, step = 1;

	for (size_t i = 0; i < columns->n; i++) {
		const struct column *column = &columns->list[i];
		uint64_t both;

		if (__builtin_add_overflow(value_of(panel, &column->of[0]),
					   value_of(panel, &column->of[1]), &both))
			both = UINT64_MAX;
		if (both > highest)
			highest = both;
	}
	for (size_t i = 0; step < highest / 3 + (highest % 3 != 0); i++) {
		if (panel->bytes)
			step *= 2;
		else
			step = step / (i % 3 ? factors[i % 3 - 1] : 1) * factors[i % 3];
	}
	panel->step = step;
	panel->top = (double)step * (double)(highest / step + (highest % step != 0));
}

/* The next line of the scale; false: there is none, or none that is a number. */
static bool next_line(const struct panel *panel, uint64_t *at)
{
	return !__builtin_add_overflow(*at, panel->step, at) && (double)*at <= panel->top;
}

static double height_of(const struct panel *panel, uint64_t value)
{
	return HIGH * (double)value / panel->top;
}

static void draw_column(struct html *html, const struct panel *panel, const struct columns *columns,
			size_t i)
{
	const struct column *column = &columns->list[i];
	const double width = WIDE / (double)columns->n;
	double y = HIGH;
	char name[48], files[COUNT_OF_MAX], bytes[16];

	for (int dax = 0; dax < 2; dax++) {
		const struct count *count = &column->of[dax];
		const double height = height_of(panel, value_of(panel, count));

		if (!count->files)
			continue;
		y -= height;
		output_print("<rect class=\"%s\" x=\"%.2f\" y=\"%.2f\" width=\"%.2f\" "
			     "height=\"%.2f\"><title>",
			     dax ? "yes" : "no", column_x(columns, i) + width * 0.08, y,
			     width * 0.84, height);
		output_print("%s, %s: %s, %s</title></rect>\n", column_name(name, column),
			     dax ? "DAX" : "page cache", count_of(files, count->files, "file"),
			     output_size(bytes, count->bytes));
	}
	(void)html;
}

static void draw_panel(struct html *html, struct panel *panel, const struct columns *columns,
		       const struct chart_mark *marks, size_t n_marks)
{
	char text[COUNT_MAX], size[16];
	uint64_t at = 0;

	find_scale(panel, columns);
	output_print("<div class=\"panel\"><p class=\"axis\">%s</p>\n<div class=\"plot %s\">\n",
		     panel->bytes ? "Bytes" : "Files", panel->bytes ? "low" : "");
	begin_chart(html, panel->title);
	do
		draw_line("grid", 0, HIGH - height_of(panel, at), WIDE,
			  HIGH - height_of(panel, at));
	while (next_line(panel, &at));
	for (size_t i = 0; i < columns->n; i++)
		draw_column(html, panel, columns, i);
	for (size_t i = 0; i < n_marks; i++)
		draw_line(marks[i].class, size_x(columns, marks[i].at), 0,
			  size_x(columns, marks[i].at), HIGH);
	output_text("</svg>\n");
	at = 0;
	do
		label_y(HIGH - height_of(panel, at),
			panel->bytes ? output_size(size, at) : count_text(text, at));
	while (next_line(panel, &at));
	for (size_t i = 0; i < n_marks && !panel->bytes; i++)
		label_mark(html, &marks[i], size_x(columns, marks[i].at), -1);
	output_text("</div></div>\n");
}

static void label_sizes(const struct columns *columns)
{
	char text[16];

	output_text("<div class=\"xaxis\">\n");
	label_x(column_x(columns, 0) + WIDE / (double)columns->n / 2, "empty", true);
	for (size_t i = SMALL_COLUMNS + 2, n = 0; i <= columns->n && i < MAX_COLUMNS;
	     i += LABEL_STEP, n++)
		label_x(column_x(columns, i), output_size(text, column_from(i)), n % 2 == 0);
	output_text("</div>\n<p class=\"axis below\">Size of the file, in powers of two</p>\n");
}

static void table_of_sizes(struct html *html, const struct columns *columns)
{
	static const char *const heads[] = {"Size",  "DAX: files", "bytes", "Page cache: files",
					    "bytes", NULL};
	char name[48];

	html_fold(html, "The numbers behind this chart");
	html_table(html, "", "Files by size", heads);
	for (size_t i = 0; i < columns->n; i++) {
		const struct column *column = &columns->list[i];

		output_print("<tr><th scope=\"row\">%s</th>", column_name(name, column));
		for (int dax = 1; dax >= 0; dax--) {
			char key[64];

			snprintf(key, sizeof(key), "histogram:%llu:%llu:%s",
				 (unsigned long long)column->from,
				 (unsigned long long)column->below, dax ? "yes" : "no");
			output_text("<td class=\"n\">");
			html_number(html, column->of[dax].files, "%s.files", key);
			output_text("</td><td class=\"n\">");
			html_size(html, column->of[dax].bytes, "%s.bytes", key);
			output_text("</td>");
		}
		output_text("</tr>\n");
	}
	html_table_end(html);
	html_fold_end(html);
}

void chart_sizes(struct html *html, const struct tally *tally, const struct chart_mark *marks,
		 size_t n_marks)
{
	struct panel files = {.title = "How many files there are of each size"};
	struct panel bytes = {.title = "How many bytes files of each size have", .bytes = true};
	struct columns columns;

	fill_columns(&columns, tally);
	output_text("<figure>\n<p class=\"legend\"><span class=\"key yes\"></span>DAX "
		    "<span class=\"key no\"></span>page cache</p>\n<div class=\"chart\">\n");
	draw_panel(html, &files, &columns, marks, n_marks);
	draw_panel(html, &bytes, &columns, marks, n_marks);
	label_sizes(&columns);
	output_text("</div>\n</figure>\n");
	table_of_sizes(html, &columns);
}

/* ---- The window against the threshold ------------------------------------------------- */

struct scales {
	double x0, x1, y0, y1; /* in octaves */
};

static double scale_x(const struct scales *s, uint64_t size)
{
	const double at = size > FIRST_SIZE ? octaves(size) : octaves(FIRST_SIZE);

	return WIDE * (at - s->x0) / (s->x1 - s->x0);
}

static double scale_y(const struct scales *s, uint64_t window)
{
	const double at = octaves(window) > s->y0 ? octaves(window) : s->y0;

	return HIGH * (s->y1 - at) / (s->y1 - s->y0);
}

static void widen(double *end, double at)
{
	const double whole = (double)(int)at;

	if (at > *end)
		*end = whole < at ? whole + 1 : whole;
}

static struct scales find_scales(const struct html *html, const struct chart_point *points,
				 size_t n_points, const struct chart_mark *marks, size_t n_marks)
{
	struct scales s = {.x0 = octaves(FIRST_SIZE), .y0 = octaves(html->chunk_size)};

	s.x1 = s.x0 + 8;
	s.y1 = s.y0 + 4;
	for (size_t i = 0; i < n_points; i++) {
		widen(&s.x1, octaves(points[i].from) + 0.5);
		widen(&s.y1, octaves(points[i].window));
	}
	for (size_t i = 0; i < n_marks; i++)
		widen(marks[i].window ? &s.y1 : &s.x1, octaves(marks[i].at));
	return s;
}

/* A step at each point: a threshold between two needs what the one above it does. */
static void draw_curve(const struct scales *s, const struct chart_point *points, size_t n_points,
		       bool area)
{
	size_t i = 0;

	while (i < n_points && points[i].from < FIRST_SIZE)
		i++;
	output_print("<path class=\"%s\" d=\"M0 %.2f", area ? "area" : "curve",
		     i < n_points ? scale_y(s, points[i].window) : HIGH);
	for (; i < n_points; i++)
		output_print("V%.2fH%.2f", scale_y(s, points[i].window),
			     scale_x(s, points[i].from));
	output_print("V%.2f", HIGH);
	output_print(area ? "H0Z\"/>\n" : "\"/>\n");
}

static void draw_marks(const struct scales *s, const struct chart_mark *marks, size_t n_marks)
{
	for (size_t i = 0; i < n_marks; i++) {
		const double x = scale_x(s, marks[i].at), y = scale_y(s, marks[i].at);

		if (marks[i].window)
			draw_line(marks[i].class, 0, y, WIDE, y);
		else
			draw_line(marks[i].class, x, 0, x, HIGH);
	}
}

static void label_marks(struct html *html, const struct scales *s, const struct chart_mark *marks,
			size_t n_marks)
{
	int row = 0;

	for (size_t i = 0; i < n_marks; i++) {
		if (!marks[i].window) {
			label_mark(html, &marks[i], scale_x(s, marks[i].at), row++);
			continue;
		}
		if (!marks[i].label)
			continue;
		output_print("<span class=\"mark across %s\" style=\"top:%.2f%%\">", marks[i].class,
			     scale_y(s, marks[i].at) / HIGH * 100);
		html_text(html, marks[i].label);
		output_text("</span>\n");
	}
}

static int power_of(double octave)
{
	return (int)octave + ((double)(int)octave < octave);
}

/* How far apart lines are drawn, so that there are no more than six. */
static int step_of(double from, double to)
{
	int step = 1;

	while ((to - from) / step > 6)
		step++;
	return step;
}

void chart_curve(struct html *html, const char *title, const struct chart_point *points,
		 size_t n_points, const struct chart_mark *marks, size_t n_marks)
{
	const struct scales s = find_scales(html, points, n_points, marks, n_marks);
	const int first = power_of(s.y0), step = step_of(s.y0, s.y1);
	char text[16];

	output_text(
		"<figure>\n<div class=\"chart\">\n<div class=\"panel\"><p class=\"axis\">Window "
		"needed, in powers of two</p>\n<div class=\"plot high\">\n");
	begin_chart(html, title);
	for (int i = first; i <= s.y1; i += step)
		draw_line("grid", 0, scale_y(&s, 1ull << i), WIDE, scale_y(&s, 1ull << i));
	draw_line("grid", 0, HIGH, WIDE, HIGH);
	draw_curve(&s, points, n_points, true);
	draw_curve(&s, points, n_points, false);
	draw_marks(&s, marks, n_marks);
	output_text("</svg>\n");
	for (int i = first; i <= s.y1; i += step)
		label_y(scale_y(&s, 1ull << i), output_size(text, 1ull << i));
	label_marks(html, &s, marks, n_marks);
	output_text("</div></div>\n<div class=\"xaxis\">\n");
	for (int i = 12, n = 0; i <= s.x1; i += LABEL_STEP, n++)
		label_x(scale_x(&s, 1ull << i), output_size(text, 1ull << i), n % 2 == 0);
	output_text("</div>\n<p class=\"axis below\">Threshold: DAX for files of this size and "
		    "more</p>\n</div>\n</figure>\n");
}
