import math
import torch
import torch.nn.functional as F


class LaplaceICARanking(torch.nn.Module):
    @staticmethod
    def log_model(B, u):
        return -math.sqrt(2.0) * (u @ B.t()).abs().sum(dim=-1)

    @staticmethod
    def log_noise(u, mean, chol):
        d = u.shape[-1]
        flat = (u - mean).reshape(-1, d).t()
        white = torch.linalg.solve_triangular(chol, flat, upper=False)
        quad = white.pow(2).sum(dim=0).reshape(u.shape[:-1])
        return -0.5 * (quad + d * math.log(2 * math.pi)) - chol.diagonal().log().sum()

    def forward(self, B, x, y, noise_mean, noise_cov):
        chol = torch.linalg.cholesky(noise_cov)
        s_data = self.log_model(B, x) - self.log_noise(x, noise_mean, chol)
        s_noise = self.log_model(B, y) - self.log_noise(y, noise_mean, chol)
        return -F.logsigmoid(s_data - torch.logsumexp(s_noise, dim=1)).mean()


impl = LaplaceICARanking()
