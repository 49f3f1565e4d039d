"""The works that the methods of a comparison cite."""

# As sentences cite a work -> its entry in the list of references.
REFERENCES = {
    "Angelopoulos et al. 2023": "Angelopoulos, A. N., Bates, S., Fannjiang, C., Jordan, M. I. and "
    "Zrnic, T. (2023). Prediction-powered inference. Science 382.",
    "Besag and Clifford 1991": "Besag, J. and Clifford, P. (1991). Sequential Monte Carlo "
    "p-values. Biometrika 78.",
    "Broder 1997": "Broder, A. Z. (1997). On the resemblance and containment of documents. "
    "Compression and Complexity of Sequences.",
    "Cameron et al. 2011": "Cameron, A. C., Gelbach, J. B. and Miller, D. L. (2011). Robust "
    "inference with multiway clustering. Journal of Business and Economic Statistics 29.",
    "Cochran 1954": "Cochran, W. G. (1954). The combination of estimates from different "
    "experiments. Biometrics 10.",
    "Cochran 1977": "Cochran, W. G. (1977). Sampling techniques, 3rd edition. Wiley.",
    "Dean and Pagano 2015": "Dean, N. and Pagano, M. (2015). Evaluating confidence interval "
    "methods for binomial proportions in clustered surveys. Journal of Survey Statistics and "
    "Methodology 3.",
    "Egami et al. 2023": "Egami, N., Hinck, M., Stewart, B. M. and Wei, H. (2023). Using imperfect "
    "surrogates for downstream inference: design-based supervised learning for social science "
    "applications of large language models. Advances in Neural Information Processing Systems 36.",
    "Endres and Schindelin 2003": "Endres, D. M. and Schindelin, J. E. (2003). A new metric for "
    "probability distributions. IEEE Transactions on Information Theory 49.",
    "Fleiss 1971": "Fleiss, J. L. (1971). Measuring nominal scale agreement among many raters. "
    "Psychological Bulletin 76.",
    "Gwet 2008": "Gwet, K. L. (2008). Computing inter-rater reliability and its variance in the "
    "presence of high agreement. British Journal of Mathematical and Statistical Psychology 61.",
    "Holm 1979": "Holm, S. (1979). A simple sequentially rejective multiple test procedure. "
    "Scandinavian Journal of Statistics 6.",
    "Hubert and Arabie 1985": "Hubert, L. and Arabie, P. (1985). Comparing partitions. Journal of "
    "Classification 2.",
    "Hughes 2022": "Hughes, J. (2022). Toward improved inference for Krippendorff's alpha "
    "agreement coefficient. arXiv:2210.13265.",
    "Korn and Graubard 1998": "Korn, E. L. and Graubard, B. I. (1998). Confidence intervals for "
    "proportions with small expected number of positive counts estimated from survey data. Survey "
    "Methodology 24.",
    "Krippendorff 2011": "Krippendorff, K. (2011). Computing Krippendorff's alpha-reliability. "
    "University of Pennsylvania.",
    "Lin 1991": "Lin, J. (1991). Divergence measures based on the Shannon entropy. IEEE "
    "Transactions on Information Theory 37.",
    "Newcombe 1998": "Newcombe, R. G. (1998). Interval estimation for the difference between "
    "independent proportions: comparison of eleven methods. Statistics in Medicine 17.",
    "Wilson 1927": "Wilson, E. B. (1927). Probable inference, the law of succession, and "
    "statistical inference. Journal of the American Statistical Association 22.",
}
