// One clear message for every way in which CVODE gives up.
#include "flow/integrator_words.hpp"

#include <cvode/cvode.h>
#include <cvode/cvode_ls.h>
#include <fmt/format.h>

namespace synbal {

namespace {

struct Words {
  const char* problem;
  const char* remedy;
};

constexpr const char* kLoosen = "raise the relative or the absolute tolerance";
constexpr const char* kSoften =
    "allow more Krylov iterations, use another preconditioner (-flow_pc_type), "
    "or raise the tolerances";

Words words_for(int code, Integration integration) {
  switch (code) {
    case CV_TOO_MUCH_ACC:
      return {
          "the tolerances cannot be met: they ask for more digits than a "
          "double has",
          kLoosen};
    case CV_ERR_FAILURE:
      return {
          "the tolerances cannot be met: steps fail the error test however "
          "short they are",
          kLoosen};
    case CV_CONV_FAILURE:
    case CV_NLS_FAIL:
    case CV_LSOLVE_FAIL:
      if (integration == Integration::adams) return {"the implicit equations of a step do not converge", "use bdf"};
      return {"the implicit equations of a step do not converge, however short it is", kSoften};
    case CV_LSETUP_FAIL:
      return {"the preconditioner cannot be set up", "use another one (-flow_pc_type), or none to get Jacobi"};
    case CV_FIRST_RHSFUNC_ERR:
      return {"the rate of change at the start is not finite", "scale the weights so that |J|^p stays in range"};
    case CV_REPTD_RHSFUNC_ERR:
    case CV_UNREC_RHSFUNC_ERR:
    case CV_RHSFUNC_FAIL:
      return {"the rate of change is not finite, however short the step",
              "scale the weights, or tighten the tolerances"};
    case CV_TOO_CLOSE:
      return {"the end time is too close to the start to be told from it", "choose a later end time"};
    default:
      return {"the integration cannot go on", "change the tolerances, or use the other integration"};
  }
}

}  // namespace

std::string explain_failure(int code, double time, const IntegratorParams& params, const std::string& own_words) {
  const auto words = words_for(code, params.integration);
  return fmt::format(
      "{} (at time {:g}, relative tolerance {:g}, absolute tolerance "
      "{:g}{}{}): {}",
      words.problem, time, params.relative_tolerance, params.absolute_tolerance,
      own_words.empty() ? "" : "; CVODE: ", own_words, words.remedy);
}

}  // namespace synbal
