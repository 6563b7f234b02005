"""Constants: every tuned number of the reader, with its unit, what it is, and what it was tuned on.

>>> RUN_GAP                                                # digit heights
1.1

Each number is followed by ``"unit | meaning | what it was tuned on"``. Four entries of the last column are short names:

handwriting  Set while looking at cheques, exams and sudokus, together with its neighbours. There is no figure for each
             number alone (LOG.md, 2026-11-23).
photographs  Set on composed photographs of one and five validation digits and on drawings, together with its
             neighbours (LOG.md, 2026-11-24).
pages        Written while looking at the development pages, cheques and photographs. There is no figure for each number
             alone (LOG.md, 2026-11-27).
not recorded Neither the log nor the history says.

Definitions are not here: they stay with the module that they belong to. Examples are the 28 pixels of MNIST, the labels
of the string network, and the input sizes that the networks were trained with. Limits on resources stay with the module
that enforces them.

``web/page/browser/constants.js`` is generated from this module by ``python -m mnist_cnn.web.constants``.
"""

# --- picture ---------------------------------------------------------------------------------------------------------

PICTURE_SIDE = 1600
"""pixels | longer side to which larger pictures are reduced | not recorded"""
DRAWING_BRIGHT = 160
"""grey value | mean brightness above which a transparent drawing is put on black paper | not recorded"""
DRAWING_OPAQUE = 0.9
"""share | mean opacity below which a bright drawing is put on black paper | not recorded"""

# --- finder: where glyphs are ----------------------------------------------------------------------------------------

FINDER_LONGEST = 1280
"""pixels | longer side of the largest picture that the finder sees | not recorded"""
FINDER_SHORTEST = 24
"""pixels | shorter side of the smallest picture that the finder sees | not recorded"""
FINDER_SMALL_PICTURE = 200
"""pixels | pictures whose longer side is shorter are enlarged | not recorded"""
FINDER_ENLARGEMENT = 2.0
"""ratio | by which small pictures are enlarged | not recorded"""
FINDER_LOG_SIZES = (-3, 2)
"""log ratio | range of the size of a glyph, relative to 24 pixels | not recorded"""
FINDER_PLACES = 3000
"""count | maximum number of places on one picture | not recorded"""
FINDER_HEAT = 0.3
"""heat | places with less are not glyphs | not recorded"""
FINDER_KIND_WEIGHTS = (1.0, 1.0, 0.2)
"""factor | of the heat as a digit, a sign and other writing, when the kind is chosen: the string network can still
reject a digit | the composed development pages: with 0.2 in place of 0.45 one more row is read (LOG.md, 2026-11-28)"""
FINDER_COVERED_HEIGHT = 0.7
"""share of the height | a glyph is dropped if it covers two digits that are lower than this | pages: such glyphs cover
two rows"""
FINDER_COVERED_HEAT = 0.8
"""share of the heat | and hotter than this | pages"""
FINDER_PART_HEIGHT = 0.5
"""share of the height | a digit that is lower than this, inside a hotter glyph, is a part of it | pages: the corner of
a W was a 1"""
FINDER_SAME = 0.45
"""glyph sizes | two places that are nearer than this are one glyph | not recorded"""
FINDER_DOT_SIZE = 0.6
"""glyph sizes | but not if one is smaller than this part of the other in both directions | not recorded"""
FINDER_DOT_BELOW = 0.25
"""glyph heights | and higher or lower by more than this: a point beside a digit | not recorded"""

# --- runs: glyphs close together -------------------------------------------------------------------------------------

RUN_GAP = 1.1
"""digit heights | largest gap between two digits of a run | pages: 2 and 3 read no more rows (LOG.md, 2026-11-27)"""
RUN_SIGN_GAP = 2.0
"""digit heights | largest gap between a sign and the digits of its run | pages"""
RUN_SIGN_OFFSET = 0.8
"""digit heights | largest vertical distance of a sign from the middle of its run | pages"""
RUN_OVERLAP = 0.45
"""heights of the lower digit | least vertical overlap of two digits of a run | pages"""
RUN_HEIGHT_RATIO = 2.2
"""ratio | largest ratio of the heights of two neighbours in a run | pages"""
RUN_DIGITS = 40
"""count | maximum number of digits of a run; longer runs are parted | not recorded"""
TILT_REACH = 3.5
"""digit heights | largest distance of the next digit, when the tilt of a page is measured | pages"""
TILT_OFFSET = 0.5
"""digit heights | largest vertical distance of that digit | pages"""
TILT_LOG_RATIO = 0.5
"""log ratio | largest difference of the heights of the two digits | pages"""

# --- strips: a run as level pixels -----------------------------------------------------------------------------------

STRIP_MARGIN = 0.8
"""digit heights | margin left and right of the writing | not recorded; the networks were trained with it"""
STRIP_WIDEST = 1600
"""pixels | maximum width of a strip | not recorded"""
STRIP_NOISE = 5.0
"""grey values | standard deviation below which contrast fades | not recorded; the networks were trained with it"""
STRIP_HEIGHT_QUANTILE = 0.7
"""quantile | of the heights of the digits, taken as the height of the run | not recorded"""
STRIP_LEAST_HEIGHT = 2.0
"""pixels | minimum height of a run | not recorded"""
STRIP_OWN_SLOPE = 3.0
"""digit heights | runs that are wider show their own slope; others have that of the page | not recorded"""
STRIP_STEEPEST = 0.5
"""dy / dx | steepest slope of a run | not recorded"""
STRIP_REDUCED = 1.5
"""pixels per pixel | strips with a larger scale are reduced by area | not recorded"""
STRIP_CROP_MARGIN = 8
"""pixels | margin around the part of the picture that is reduced | not recorded"""

# --- strings: what a strip says --------------------------------------------------------------------------------------

STRING_BATCH = 32
"""strips | that go through the string network together | not recorded; it changes the speed only"""
SLASH_FACTOR = 0.3
"""factor | of the probability of a slash: the training has one slash for five 1s, pages are taken to have one for
fifteen | photographs of five digits and composed 1/2: 176 of 200 photographs are read, 171 without; 43 of 400 are
misread without it and 37 with it (LOG.md, 2026-11-28)"""
USUAL_FACTOR = 30.0
"""factor | of the probability of a common fraction or date | 240 composed pictures of 1/2, 3/4, 2/3, 112, 314 and 213:
188 are read with 10 and 190 with 30; one development page, fraction_1_2.png, needs 30 (LOG.md, 2026-11-28)"""
BEAM_WIDTH = 8
"""strings | that the beam search keeps | not recorded"""
BEAM_LABEL = -7.0
"""nats | labels with a lower log probability in a frame are not tried | not recorded"""
BEAM_BLANK = -0.002
"""nats | where the log probability of the blank is higher, no label is tried | not recorded"""
VIEW_SCALES = (0.88, 1.14)
"""ratio | sizes at which each run is read too | pages: 151 of 250 cheques are read alike at all sizes, 90 % of these
are right; of the others 34 % (LOG.md, 2026-11-27)"""
VIEW_STRINGS = 3
"""strings | of each view but the first that are tried with a second reader | not recorded"""
VIEW_TIE = 0.05
"""nats | views that differ by less are equal, so that rounding does not decide | by eye: the browser rounds
differently"""
SECOND_COST_WEIGHT = 0.3
"""factor | of the cost of a number for the second reader, beside the log likelihood of the string network | 600
composed validation rows: the fit is 0.19, and up to 0.3 no more rows are misread than by the string network alone. 400
photographs of five and 400 cheques: 362 and 299 are read with 0.3, 359 and 297 with 0.2 (LOG.md, 2026-11-28)"""
SECOND_COST_LIMIT = 60.0
"""nats | highest cost of a string for the second reader | not recorded"""
DIGIT_GAIN = 0.6
"""nats | gain of each digit of a string that both readers try: both miss digits more often than they see too many |
1,136 composed crops, 400 photographs, 600 cheques: 995, 358 and 488 are read without, 998, 359 and 488 with 0.5, 999,
360 and 490 with 0.75 (LOG.md, 2026-11-28)"""

# --- tiles: the digits of a strip as MNIST's images ------------------------------------------------------------------

TILE_SCALE = 2
"""pixels per pixel | of the ink of a tile per pixel of the strip | pages"""
TILE_PAD_X = 3
"""pixels of the ink | how far the ink of a digit may go beyond its box sideways | pages"""
TILE_PAD_Y = 5
"""pixels of the ink | and up or down | pages"""
TILE_LEAST_HALF = 2
"""pixels of the ink | minimum distance from the middle of a digit to the edge of its piece | pages"""
TILE_PAPER = 0.25
"""contrast | relative to that between paper and pen: less is paper | pages: by tiles alone 36.5 % of 200 cheques are
read, by those of `ink` 35.0 %"""
TILE_INK = 0.9
"""contrast | relative to that between paper and pen: more is full ink | pages"""
TILE_CONNECTED = 0.3
"""ink, 0 to 1 | more is connected | pages"""
TILE_OUTER = 0.15
"""share of the piece | ink that touches the edge and has its centre in this outer part belongs to something else |
pages"""
CONTENT_PART = 0.2
"""share of the largest area | parts of the writing on a close-up have at least this area | pages"""
DOT_SIZE = 0.35
"""digit heights | marks between two digits that are lower and narrower may be a point or comma | composed
pages with 5.23: of five accepted as 523, four are not accepted now (LOG.md, 2026-11-28)"""
DOT_AREA = 4
"""pixels of the ink | minimum area of such a mark | the same pages"""
DOT_ROOM = 3
"""pixels of the ink | minimum side of the piece between two digits where such a mark is looked for | the same pages"""

# --- normalise: ink as an image of MNIST -----------------------------------------------------------------------------

STROKE_SCALE = 4
"""ratio | strokes are widened and narrowed on a grid that is finer by this factor | not recorded"""
STROKE_THIN = 1.5
"""pixels of the tile | narrower strokes are widened | the strokes of MNIST: nine in ten are 1.6 to 4.0 pixels wide"""
STROKE_THICK = 4.0
"""pixels of the tile | wider strokes are narrowed | the strokes of MNIST"""
STROKE_WIDENED = 0.25
"""share of the box | by which strokes are widened at most | not recorded"""
STROKE_NARROWED = 0.5
"""share of the width | by which strokes are narrowed at most | not recorded"""
STROKE_LEFT = 0.3
"""share of the ink | if less is left of narrowed strokes, they stay unchanged: a disc or square of ink | not
recorded"""
EXTENT_INK = 0.2
"""ink, 0 to 1 | less is paper where the extent of a digit is measured | not recorded"""
EXTENT_SHARE = 0.5
"""share of the most ink | and less than this, on faint pictures | not recorded"""
FULL_QUANTILE = 0.9
"""quantile | of the ink of a tile, taken as full ink | not recorded"""
NORMALISED_BRIGHT = 128
"""grey value | minimum brightness of the brightest pixel of an image that is already normalised | the test images of
MNIST: more than 99.9 % of 2,000 count as normalised"""
NORMALISED_INK = 8
"""grey value | pixels of such an image that are brighter are ink | the same images"""
NORMALISED_OFFSET = 1
"""pixels | its centre of mass is less than this from the middle | the same images"""

# --- rows and words --------------------------------------------------------------------------------------------------

ROW_STEEPEST = 27
"""hundredths of dy / dx | steepest tilt of a page that is considered: 15 degrees | by eye"""
ROW_TILT_COST = 20.0
"""nats per unit of slope | cost of a tilt: one nat for 3 degrees | not recorded"""
ROW_TILT_TIE = 1e-9
"""nats | tilts whose gains differ by less are equal, so that rounding does not decide | by eye"""
ROW_WOBBLE = 0.12
"""digit heights | standard deviation of the middle of a digit from the line of its piece | not recorded"""
ROW_WOBBLE_LIMIT = 0.4
"""digit heights | larger deviations count as this | not recorded"""
ROW_TIGHT = 0.25
"""digit heights | pieces whose middles are nearer support a tilt | not recorded"""
ROW_SPREAD = 0.6
"""digit heights | the middles of the pieces of one row lie within this | not recorded"""
ROW_GAIN_SECOND = 1.0
"""nats | gain of a tilt if a second piece comes to lie on a row: any two points are on a line | not recorded"""
ROW_GAIN_FURTHER = 3.0
"""nats | gain for each further piece | not recorded"""
ROW_OVERLAP = 0.4
"""heights of the lower piece | least vertical overlap of two pieces of a row | not recorded"""
ROW_HEIGHT_RATIO = 2.0
"""ratio | a piece that is higher by more than this is in a row only if it is centred | not recorded"""
ROW_CENTRED = 0.25
"""heights of the higher piece | largest distance of the middles of such pieces: the halves of a fraction differ by more
| not recorded"""
ROW_ABOVE = 0.5
"""widths of the narrower piece | pieces that share more are one above the other | not recorded"""
ROW_GAP_WEIGHT = 0.05
"""factor | of a gap, beside a difference in height, when neighbours are looked for | not recorded"""
SPACE_CLEAR = 0.6
"""digit heights | a space is wider than this on a page with several rows | pages"""
SPACE_CLEAR_ALONE = 0.75
"""digit heights | and wider than this on a page with one row | pages"""
SPACE_TIMES = 2.2
"""ratio | a space is wider than this times all gaps within words | pages: composed rows as written, 13 to 30"""
SPACE_MANY = 5
"""count | with at least this many narrower and wider gaps, a smaller ratio is enough | the score sheet of the
development pages (LOG.md, 2026-11-27)"""
SPACE_TIMES_MANY = 1.6
"""ratio | the smaller ratio | the score sheet: 20 20 and 26 28 were one word each"""
SPACE_WIDE = 1.2
"""digit heights | wider gaps are spaces, unless all gaps are wide | by eye: digits in boxes are one word"""
SPACE_WIDER = 2.0
"""ratio | and wider than this times the narrowest gap | by eye: digits in boxes are one word"""
SPACE_LEAST_GAP = 0.05
"""digit heights | narrower gaps count as this | not recorded"""
CELL_ROWS = 3
"""count | pages with at least this many rows can have one digit per cell, as in a sudoku | pages"""

# --- page: which glyphs are read, and how marks match them -----------------------------------------------------------

GLYPH_HEAT = 0.4
"""heat | hotter places are glyphs | pages"""
FAINT_CONTRAST = 0.33
"""share of the contrast of most digits | digits with less are other writing | the score sheet of the development pages:
wood has 0.1 to 0.35, writing 0.6 and more. 28 rows that are not there became 14 (LOG.md, 2026-11-27)"""
FAINT_QUANTILE = 0.75
"""quantile | of the contrasts, taken as that of most digits | the same sheet"""
TALL_SIGN = 0.7
"""digit heights | a sign that stands alone and is higher is a digit: dashes, points and commas are lower | not
recorded; 638236 had been accepted as 63 236 (LOG.md, 2026-11-28)"""
CLOSE_UP_SIDE = 200
"""pixels | smaller pictures may show one piece of writing that fills them | exams and UCI's digits: 73 to 94 % and 77
to 98 % of 60 to 100 are read (LOG.md, 2026-11-27)"""
CROP_HEIGHT = 3.0
"""digit heights | lower pictures with one run are crops of one line | pages"""
PAGE_RUNS = 300
"""count | maximum number of runs that are read on a picture: the hottest | not recorded"""
RUN_MARGIN = 0.6
"""digit heights | how far beyond its glyphs a run is read | pages"""
MARK_REACH = 0.45
"""glyph widths | largest distance of a mark from the middle of its glyph | pages"""
MARK_NARROW = 0.5
"""digit heights | narrower glyphs count as this wide for it | pages"""
MARK_HALF = 0.3
"""digit heights | half the width of a mark that the finder did not find | pages"""
OTHER_RUN_X = 0.3
"""digit heights | a mark nearer to a glyph of another run belongs to that one: sideways | pages"""
OTHER_RUN_Y = 0.6
"""digit heights | and up or down | pages"""
SMALL_RUN = 0.55
"""digit heights | a lower run beside a mark of another one is a part of it: a comma, or a part of a digit | pages"""
SMALL_RUN_X = 0.4
"""digit heights | largest distance from that mark sideways | pages"""
SMALL_RUN_Y = 0.8
"""digit heights | and up or down | pages"""
SMALL_RUN_SURER = 0.5
"""ratio | least probability of the other run relative to its own | pages"""
SIGN_OF_DIGIT = 0.1
"""factor | of the probability of a sign where the finder found a digit | pages: a slanted 1 was read as a slash"""
MIXED = 0.01
"""probability | of a slash from which a 1 is not accepted, and the other way round | composed 1/10: it was an accepted
1110 with 0.03. The same right ones of 520 composed numbers are accepted with both (LOG.md, 2026-11-28)"""
MIXED_OFTEN = 0.003
"""probability | the same where a common fraction or date could be | composed pictures: a 1/2 that was accepted as 112
had 0.015, pictures of 112 have up to 0.0024"""
MIXED_SIGNS = 0.2
"""share | of the strings with the same digits and other signs from which a word is not accepted | 520 composed numbers:
165 right and 17 wrong ones are accepted with it, 175 and 20 without (LOG.md, 2026-11-28)"""

# --- words: what was read, and its confidence -------------------------------------------------------------------------

CLASSIFIER_WEIGHT = 0.75
"""factor | of the log probabilities of the classifier beside those of the string network | pages"""
STRING_FLOOR = 1e-4
"""probability | added to that of the string network, so that it cannot rule a digit out alone | pages"""
CLASSIFIER_FLOOR = 1e-2
"""probability | added to that of the classifier | pages"""
OWN_SHARE = 0.01
"""factor | of the own probabilities of a digit beside those in the strings that both readers tried | not recorded"""
BESIDE_GAP = 0.5
"""digit heights | a mark that is nearer to a word should have been a part of it | pages"""
BESIDE_OVERLAP = 0.3
"""heights of the lower one | least vertical overlap of such a mark and the word | pages"""
FEATURE_FLOOR = 1e-6
"""probability | lower probabilities of a string or digit count as this in its features | pages"""
FEATURE_CLASSIFIER_FLOOR = 1e-3
"""probability | the same for the classifier | pages"""
SECOND_DOUBT = 0.003
"""probability | doubt of the second reader that is as sure as it can be | not recorded"""
WEIGHTS = (
    (3.88, 0.68, 2.23, 0.13, 0.73, 0.14, 0.13, 2.53, -0.63, -0.55, 0.0),
    (3.59, 0.24, 1.08, 0.2, -0.04, -0.8, -0.09, 0.85, -0.93, 0.93, 0.21),
    (0.54, 3.06, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.66),
)
"""log odds | weight of each of ``decision.FEATURES``: for words that the page networks read, that two readers read, and
for one digit that is alone on its picture | fitted by ``python -m mnist_cnn.learn.acceptance``: 1,600 composed pages
and 2,400 composed pictures of one digit, letter or scribble"""
ACCEPTED = 0.93
"""probability | from which a word is accepted | the same pages: 2 % of the accepted words are wrong from 0.934 on"""
ACCEPTED_DIGIT = 0.6
"""probability | from which a digit is accepted | pages"""
AGREED = 0.88
"""probability | from which a word is accepted if the page networks read the same alone and the second reader accepts it
| composed validation pages: of 232 words with this and 0.74 or more from the second reader, 4 were wrong (LOG.md,
2026-11-28)"""
LIKELY = 0.6
"""probability | if the surest word of a page has at least this, doubtful rows are left out | pages"""
DOUBTFUL = 0.3
"""probability | rows whose words all have less are doubtful | pages"""

# --- letters: columns of letters, and digits that were lost ----------------------------------------------------------

LETTERS = 3
"""count | minimum number of letters in a column of letters | the marks table of the development pages (LOG.md,
2026-11-28)"""
LETTERS_TIMES = 2
"""ratio | there are more letters than this times the words in it | the marks table"""
LETTER_WIDTH = 2.0
"""own heights | wider writing is not a letter | the marks table"""
LEVEL_RATIO = 2.0
"""ratio | writing has the height of another one if neither is higher by this | the marks table"""
LEVEL_OFFSET = 0.4
"""word heights | writing whose middle is nearer to that of a word is level with it | composed pages: 24 30
19 73 was an accepted 30 19 73 (LOG.md, 2026-11-28)"""
LOST_HEAT = 0.6
"""heat | writing that was not read may be a digit if it is hotter | the same pages: lost numbers have 0.66 to 0.88,
letters 0.6"""
LOST_PROBABILITY = 0.5
"""probability | and if what was read has less | the same pages: lost numbers have 0.21 to 0.44"""

# --- reader: which readings are kept ---------------------------------------------------------------------------------

SECOND_READER_MARKS = 12
"""count | pictures with one row and at most this many other marks are read by the second reader too | pages"""
CERTAIN = 0.985
"""probability | of the second reader from which a single digit is accepted | 1,196 composed letters and scribbles and
1,200 composed digits: 13 and 836 are accepted with it, 11 and 830 without"""
TILE_FLOOR = 0.01
"""probability | added to both factors of a picture of 28 x 28 pixels, so that neither can rule a digit out alone | not
recorded"""
TURN_RUNS = 40
"""count | of runs by which the direction of a page is decided | pages"""
TURN_TIMES = 1.5
"""ratio | a page is turned if that gives more sure digits than this times those before | pages"""
TURN_EXTRA = 1
"""digits | and this many more | pages"""
TURN_MARKS = 2
"""count | minimum number of marks on a page that may be turned | composed pages: single numbers that lay on
their side were not turned with 4 (LOG.md, 2026-11-28)"""
TURN_DOUBTFUL = 0.5
"""share of the marks | pages with fewer accepted digits may be turned | pages"""
TURNED_DIGITS = 4
"""digits | minimum number of accepted digits on a page after it was turned: letters on their side look like digits |
pages"""
TURNED_TIMES = 2
"""ratio | of accepted digits to those before it was turned, at least | pages"""
TURNED_SHARE = 0.3
"""share of the digits | that are accepted after it was turned, at least | pages"""
DIGIT_PLAUSIBLE = 0.07
"""probability | of being any digit below which a piece or tile is not a digit | not recorded"""

# --- ink: which pixels are ink (second reader) -----------------------------------------------------------------------

INK_CLOSE_UP = 200
"""pixels | smaller pictures are taken for a close-up of digits first, larger ones for a page | handwriting"""
INK_CLOSE_PART = 0.5
"""share of the picture | diameter of the disc that closes strokes on a close-up | handwriting"""
INK_PAGE_PART = 0.14
"""share of the picture | the same on a page | handwriting"""
INK_BLUR = 100
"""pixels | a picture is blurred with a sigma of one pixel per this many | handwriting"""
INK_BLUR_RANGE = (0.5, 1.5)
"""pixels | range of that sigma | handwriting"""
INK_DARKEST_PAPER = 60
"""grey value | darker paper counts as this: bright rims around dark strokes are not ink | exams: 15 to 95 % (LOG.md,
2026-11-23)"""
INK_REDUCED = 300
"""pixels | longer side at which paper and polarity are estimated | handwriting"""
INK_EDGE_WEIGHTS = (2.0, 0.3)
"""factor | of the brightness of the edge beside the skewness, for a close-up and a page | handwriting: the skewness
decides 96 % of photographs with a soft shadow right"""
INK_LEAST_DISC = 3
"""pixels | minimum diameter of the closing disc | handwriting"""
INK_PAPER_BLUR = 4
"""ratio | of the disc to the square by which the paper is blurred | handwriting"""
INK_LEAST = 0.07
"""contrast | minimum contrast of ink | handwriting"""
INK_GRAIN = 5.0
"""standard deviations | of the grain of the paper, by which ink is darker at least | handwriting"""
INK_SAMPLE = 200
"""pixels | the level is measured on about this many pixels of the shorter side | handwriting"""
INK_TOP_QUANTILE = 0.999
"""quantile | of the contrasts, taken as the highest | handwriting"""
INK_TOP_SAMPLE = 4000
"""pixels | with fewer, the highest contrast itself is taken | handwriting"""
INK_LEVEL_LEAST = 0.6
"""share of INK_LEAST | minimum level between paper and ink | handwriting"""
INK_LEVEL_GRAIN = 2.7
"""standard deviations | of the grain, which the level is above | handwriting"""
INK_LEVEL_TOP = 0.6
"""share of the highest contrast | but not more than this for the grain | handwriting"""
INK_WEAK = 0.6
"""share of the level | strokes continue where there is this much contrast | handwriting"""
INK_NONE = 0.5
"""share of the weak level | no ink at all | handwriting"""
INK_ALONG_RULE = 2.2
"""ratio | ink on a ruled line that is darker than this times the line is a stroke along it | photographs"""

# --- ruled lines (second reader) -------------------------------------------------------------------------------------

RULE_LENGTH = 0.4
"""share of the picture | minimum length of a piece of a ruled line | photographs: 97.4 to 98.5 % of single digits"""
RULE_REDUCED = 400
"""pixels | longer side at which ruled lines are looked for | photographs"""
RULE_LEVEL = 60
"""grey value | of the reduced mask from which it is ink | photographs"""
RULE_JOINED = 7
"""pixels | gaps up to about this are closed | photographs"""
RULE_DASH = 8
"""ratio | of the width of the picture to the length of a straight dash | photographs"""
RULE_LEAST_DASH = 15
"""pixels | minimum length of a dash | photographs"""
RULE_ANGLES = (-36, 37, 6)
"""degrees | first angle, end and step of the dashes | photographs"""
RULE_REACHES = ((3, 60), (2, 100))
"""pixels, ratio | how far from a line its ink is looked for, first and again: at least, and the height divided by |
photographs"""
RULE_INSIDE = 0.5
"""share of the width | that a line is inside the picture, at least | photographs"""
RULE_ENDS = 16
"""ratio | of the width to the ends at which a line from edge to edge has ink | photographs"""
RULE_COVERED_THROUGH = 0.75
"""share | of a line from edge to edge that has ink, at least | photographs: the stem of a large 4 does not go
through"""
RULE_COVERED = 0.9
"""share | of any other line that has ink, at least | photographs"""
RULE_SPAN = 0.3
"""share of the width | minimum length of a line between two others: the side of a box | photographs"""
RULE_CORNER = 6
"""pixels | its ends are at most this far from a line that was taken out | photographs"""
RULE_EDGE = 0.06
"""share of the height | lines that are nearer to the edge of the picture are a frame | photographs"""
RULE_THICK_HEIGHT = 0.15
"""share of the height | thickest line | photographs"""
RULE_THICK_FRAME = 0.15
"""share of the width | thickest frame | photographs"""
RULE_THICK = 0.06
"""share of the width | thickest ruled line | photographs"""
RULE_LEAST_THICK = 3
"""pixels | lines that are thinner are never too thick | photographs"""
RULE_CROSSED = 1.5
"""ratio | where a line is thicker than this times its median, plus one pixel, a stroke crosses it | photographs"""
RULE_SMOOTH = 16
"""ratio | of the width to the window that smooths a bent line | photographs"""
RULE_LEAST_SMOOTH = 3
"""pixels | minimum of that window | photographs"""
RULE_ALONE = 0.05
"""share of the ink | if less is left of one line, it is a 1 that fills its picture | photographs"""
RULE_STEM = 0.95
"""share of the ink | in one piece from which an upright line is a stem | 500 drawings: 99.1 to 99.5 % (LOG.md,
2026-11-24)"""

# --- lines of writing (second reader) --------------------------------------------------------------------------------

LINE_INK = 0.35
"""ink, 0 to 1 | more is connected, in lines and cuts | not recorded"""
LINE_MARGIN = 16
"""pixels | empty margin around a line of 64 pixels | not recorded"""
PART_BIG = 0.92
"""share of the picture | longer side from which a part is big | not recorded"""
PART_EDGE = 1
"""pixels | parts that are nearer to the edge of the picture touch it | not recorded"""
PART_FLAT_THIN = 0.1
"""share of the picture | lower parts along its edge may be flat: the edge of a frame or page | not recorded"""
PART_FLAT_LONG = 0.5
"""share of the picture | if they are also longer than this | not recorded"""
PART_FLAT_RATIO = 5
"""ratio | and longer than this times their thickness | tightly cut pictures, where a 1 looks like the edge of a frame
(LOG.md, 2026-11-23)"""
PART_HOLLOW = 0.12
"""share of its box | parts with less ink are hollow | not recorded"""
PART_COVER = 0.6
"""share of the picture | parts with more ink are shadows | not recorded"""
PART_COVER_EDGES = 0.2
"""share of the picture | the same for parts at three edges | not recorded"""
PART_SPECK = 0.12
"""share of the largest part | lower and narrower parts are specks | not recorded"""
PART_SPECK_AREA = 4
"""pixels | smaller parts are specks | not recorded"""
PART_FRAME = 0.6
"""share of the picture | hollow parts at its edge that are wider and higher are frames | not recorded"""
LINE_LARGE = 0.4
"""heights of the writing | higher parts are large | not recorded"""
LINE_GAP = 2.2
"""heights of the writing | largest gap between two large parts of a line | not recorded"""
LINE_OVERLAP = 0.35
"""heights of the lower part | least vertical overlap of two large parts of a line | not recorded"""
LINE_STROKE_SHARED = 0.3
"""widths of the narrower part | a stroke above or below the rest of its digit, such as the bar of a 5, shares at least
this | not recorded"""
LINE_STROKE_APART = 0.25
"""heights of the writing | largest distance of such a stroke | not recorded"""
LINE_STROKE_HEIGHT = 0.7
"""heights of the writing | such a stroke is lower | not recorded"""
LINE_DOT_BELOW = 1.1
"""part heights | a dot or dash is at most this far below the top of the part beside it | not recorded"""
LINE_DOT_GAP = 1.2
"""heights of the writing | largest gap between a dot or dash and that part | not recorded"""
LINE_PAD = 2
"""pixels | margin around a line on the picture | not recorded"""
LINE_LARGEST_SCALE = 12.0
"""ratio | by which a line is enlarged at most | not recorded"""
LINE_WIDEST = 4000
"""pixels | maximum width of a line | not recorded"""
LINE_HIGHEST = 400
"""pixels | maximum height of a line | not recorded"""
LINE_REDUCED = 0.7
"""ratio | lines that are reduced by more are blurred first | not recorded"""
LINE_REDUCED_BLUR = 0.45
"""pixels of the line | sigma of that blur | not recorded"""
LINE_EXTENT = 0.2
"""ink, 0 to 1 | more counts for the bounds of a line | not recorded"""
LINE_HEIGHT_INK = 0.4
"""ink, 0 to 1 | more counts for the height of its writing | not recorded"""
LINE_HEIGHT_QUANTILES = (0.02, 0.98)
"""quantiles | of the rows of ink, taken as top and bottom of the writing | not recorded"""
LINE_STEEPEST = 25
"""degrees | steepest line that is made level | not recorded"""
LINE_TILT_PARTS = 3
"""count | parts from which a line shows its tilt | not recorded"""
LINE_TILT_HEIGHT = 0.5
"""share of the highest part | lower parts do not count for it | not recorded"""
LINE_TILT_WIDE = 2.5
"""ratio | of width to height from which the ink of fewer parts shows the tilt | not recorded"""
LINE_TILT_POINTS = 60
"""count | with more points, least squares replace the median of the slopes | not recorded"""
LINE_TILT_FAR = 0.3
"""share of the width | points that are nearer are not compared | not recorded"""
SLANT_PIXELS = 8
"""pixels | with less ink the slant is not measured | not recorded"""
SLANT_WIDE = 1.6
"""ratio | of width to height below which it is not measured: one digit | not recorded"""
SLANT_COLUMNS = 48
"""columns per height | in which the ink is counted | not recorded"""
SLANTS = (-0.3, 0.91, 0.1)
"""dx / dy | first slant, end and step | not recorded"""
SLANT_COST = 0.05
"""share per unit of slant | by which a slant scores less | not recorded"""
SLANT_TAKEN = 0.75
"""share | of the slant that is taken out | not recorded"""

# --- cuts: where a line may be cut (second reader) -------------------------------------------------------------------

CUT_SIDEWAYS = 0.12
"""pixels of ink | cost of a step to the side | not recorded"""
CUT_DISTANCE = 6
"""pixels | minimum distance of two cuts at half height | not recorded"""
CUT_FREE = 1.0
"""pixels of ink | cuts that cross less lie in a gap | not recorded"""
CUT_SMOOTH = 1.0
"""pixels | sigma of the blur before joints are looked for | not recorded"""
CUT_MOST_INK = 22.0
"""pixels of ink | cuts do not cross more: two strokes of a thick pen | not recorded"""
CUT_LEANING = 0.3
"""line heights | how far a straight cut leans at most | photographs: straight cuts read 80.4 to 86 % of five-digit
numbers"""
VALLEY_REACH = 20
"""pixels | within which the sides of a valley rise | photographs"""
VALLEY_DEPTH = 3
"""pixels | by which they rise at least | photographs"""
CUTS = 250
"""count | maximum number of cuts in a line, which bounds the time; a line that needs more is not a number | a line of
noise as wide as it may be"""
CUT_DIFFERENCE = 2.5
"""pixels | minimum mean distance of two cuts | not recorded"""
PIECE_WIDEST = 1.55
"""line heights | wider pieces are not digits | not recorded"""
PIECE_SPECK = 0.2
"""share of the largest part | smaller parts of a piece are specks | not recorded"""

# --- lattice: what the pieces of a line say (second reader) ----------------------------------------------------------

ENLARGED_SIDE = 112
"""pixels | shorter side to which small pictures are enlarged, so that strokes are wider than one pixel | not
recorded"""
ENLARGED_LONGEST = 2000
"""pixels | but not above this on the longer side | not recorded"""
TINY_SIDE = 36
"""pixels | smaller pictures are close-ups without ruled lines and shadows | not recorded"""
CROSSED_COST = 0.08
"""nats per pixel of ink | cost of a cut | photographs: 0.18 before there were straight cuts (LOG.md, 2026-11-24)"""
PIECE_GAIN = 0.2
"""nats | gain of each digit: two digits in one piece look more like one than a cut digit looks like itself |
photographs"""
DROPPED_COST = 1.5
"""nats | cost of leaving specks out, times their share of the ink | photographs: other values gain nothing"""
LOW_COST = 2.2
"""nats | cost of reading a piece half as high as the line as a digit | cheques (LOG.md, 2026-11-23)"""
LOW_HEIGHT = 0.7
"""line heights | from which there is no such cost | cheques"""
LOW_RAMP = 0.2
"""line heights | below that, over which it rises to the whole cost | cheques"""
SKIP_COST = 0.5
"""nats | cost of reading a piece as not a digit | photographs: other values gain nothing"""
SKIP_TALL_COST = 6.0
"""nats | further cost of that for a piece as high as the line: most of them are digits | photographs: other values gain
nothing"""
SKIP_TALL_HEIGHT = 0.3
"""line heights | from which there is such a cost | photographs"""
SKIP_TALL_RAMP = 0.4
"""line heights | above that, over which it rises to the whole cost | photographs"""
SKIP_WIDE_TIMES = 2.0
"""ratio | how much more that costs if the piece is as wide as two digits | photographs: other values gain nothing"""
SKIP_WIDE_WIDTH = 0.75
"""line heights | width from which it costs more | photographs"""
SKIP_WIDE_RAMP = 0.5
"""line heights | above that, over which it rises | photographs"""
PIECE_FLOOR = 1e-4
"""probability | lower probabilities of a digit count as this: no digit is impossible | not recorded"""
SKIP_FLOOR = 1e-3
"""probability | lower probabilities of not being a digit count as this | not recorded"""
MARK_LOW = 0.45
"""line heights | lower marks are dots or dashes, which are not reported | not recorded"""
LINE_BELIEVED = 0.65
"""probability | the best digit of a line has at least this, or the line has no digits | letters and scribbles of
photographs (LOG.md, 2026-11-24)"""
CUT_THROUGH = 1.0
"""pixels of ink | digits with a cut through more were cut out of touching ink | the same pictures"""
CUT_OUT_ACCEPTED = 0.9
"""probability | from which such a digit is accepted: parts of letters look like digits | the same pictures: 92 % of the
accepted five-digit numbers are right, 90 % without; 93 % of scribbles are rejected, 87 % without"""

# --- table: words as a grid ------------------------------------------------------------------------------------------

TABLE_STEEPEST = 0.27
"""dy / dx | steepest tilt that is taken out: 15 degrees | by eye"""
TABLE_NARROW = 0.6
"""digit heights | narrower words count as this wide: a column is at least as wide as a digit | not recorded"""
TABLE_TIE = 1e-6
"""pixels | places that are nearer are the same, so that rounding does not decide | by eye"""
