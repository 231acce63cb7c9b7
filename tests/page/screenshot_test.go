package page_test

import (
	"bytes"
	"cmp"
	"flag"
	"fmt"
	"image"
	"image/color"
	"image/draw"
	"image/png"
	"maps"
	"os"
	"path/filepath"
	"slices"
)

var screenshots = flag.String("screenshots", "", "`directory` to put screenshots into")

// looks are the ways in which a screenshot is taken.
var looks = []struct {
	suffix string
	width  int
	dark   bool
}{{"", 720, false}, {"-dark", 720, true}, {"-phone", 360, false}}

// screenshot takes the page in each look, where -screenshots asks for it. The viewport is made as
// high as the page: what was never in view may not be painted.
func (s *stage) screenshot(name string) {
	s.Helper()
	if *screenshots == "" {
		return
	}
	s.check(os.MkdirAll(*screenshots, 0o755))
	for _, look := range looks {
		s.check(s.page.Dark(s.ctx, look.dark))
		s.check(s.page.Resize(s.ctx, look.width, 800))
		s.check(s.page.Resize(s.ctx, look.width, eval[int](s, `document.scrollingElement.scrollHeight`)))
		shot, err := s.page.Screenshot(s.ctx)
		s.check(err)
		small, err := reduce(shot)
		s.check(err)
		file := fmt.Sprintf("%s-%s%s.png", name, s.browser.Name(), look.suffix)
		s.check(os.WriteFile(filepath.Join(*screenshots, file), small, 0o644))
	}
	s.check(s.page.Dark(s.ctx, false))
}

// reduce paints a PNG with its 64 commonest colours, which are all that a page of text needs.
func reduce(shot []byte) ([]byte, error) {
	img, err := png.Decode(bytes.NewReader(shot))
	if err != nil {
		return nil, err
	}
	count := map[color.Color]int{}
	for y := range img.Bounds().Dy() {
		for x := range img.Bounds().Dx() {
			count[color.RGBAModel.Convert(img.At(x, y))]++
		}
	}
	common := slices.SortedFunc(maps.Keys(count), func(a, b color.Color) int { return cmp.Compare(count[b], count[a]) })
	few := image.NewPaletted(img.Bounds(), common[:min(64, len(common))])
	draw.Draw(few, few.Bounds(), img, image.Point{}, draw.Src)
	var out bytes.Buffer
	err = (&png.Encoder{CompressionLevel: png.BestCompression}).Encode(&out, few)
	return out.Bytes(), err
}
