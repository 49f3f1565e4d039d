"""Files to articles, articles to readable articles, readable articles to units."""
