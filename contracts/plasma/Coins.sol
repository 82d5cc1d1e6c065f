// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {ICoinChain} from "../interfaces/ICoinChain.sol";
import {Tokens721} from "../lib/Tokens721.sol";
import {Transfers} from "../lib/Transfers.sol";
import {CoinBase} from "./CoinBase.sol";

/// @title Deposits that create coins, and payouts that are owed if a push fails
abstract contract Coins is CoinBase {
    /// @dev 2^64 divided by the golden ratio, odd, so multiplication by it is one to one.
    uint64 private constant GOLDEN = 0x9e3779b97f4a7c15;

    /// @dev The gas limit of a push: enough for smart wallets and proxied tokens.
    uint256 private constant PUSH_GAS_ETHER = 100_000;
    uint256 private constant PUSH_GAS_TOKEN = 300_000;

    /// @inheritdoc ICoinChain
    mapping(uint64 coin => bytes32) public coins;
    /// @inheritdoc ICoinChain
    mapping(address account => mapping(address token => uint256)) public pendingWithdrawals;
    /// @inheritdoc ICoinChain
    mapping(address token => mapping(uint256 id => address)) public pendingNft;

    // --------------------------------------------------------------------------------------------------- Deposits

    /// @inheritdoc ICoinChain
    function depositETH() external payable nonReentrant returns (uint64 coin) {
        if (msg.value == 0) revert IncorrectValue(0, 1);
        return _make(Kind.Ether, address(0), msg.value);
    }

    /// @inheritdoc ICoinChain
    function depositErc20(address token, uint256 amount) external nonReentrant returns (uint64 coin) {
        if (amount == 0) revert IncorrectValue(0, 1);
        // The limit prevents a token from making the sum of owed amounts overflow.
        if (amount > type(uint128).max) revert IncorrectValue(amount, type(uint128).max);
        uint256 before = Transfers.balance(token);
        Transfers.tryPull(token, msg.sender, amount);
        uint256 received;
        unchecked {
            received = Transfers.balance(token) - before;
        }
        if (received != amount) revert InsufficientTransfer(token, received, amount);
        // An ERC-721 token with the id 1 arrived, which grew the balance by one but must not be pushed as an amount.
        if (amount == 1 && Tokens721.ownerOf(token, 1) == address(this)) revert TokenNotReceived(token, 1);
        return _make(Kind.Erc20, token, amount);
    }

    /// @inheritdoc ICoinChain
    function depositErc721(address token, uint256 id) external nonReentrant returns (uint64 coin) {
        // A token that is already in the vault belongs to another coin.
        if (Tokens721.ownerOf(token, id) != msg.sender) revert TokenNotReceived(token, id);
        Transfers.tryPull(token, msg.sender, id);
        if (Tokens721.ownerOf(token, id) != address(this)) revert TokenNotReceived(token, id);
        return _make(Kind.Erc721, token, id);
    }

    /// @inheritdoc ICoinChain
    function coinOf(uint64 number) public pure returns (uint64) {
        unchecked {
            return number * GOLDEN;
        }
    }

    /// @dev Creates a coin of the caller.
    function _make(Kind kind, address token, uint256 value) private returns (uint64 coin) {
        Head memory h = _head;
        h.count += 1;
        _head = h;
        coin = coinOf(h.count);
        coins[coin] = keccak256(abi.encode(Coin(msg.sender, kind, token, value, h.nextBlock)));
        emit CoinDeposited(coin, msg.sender, kind, token, value, h.nextBlock);
    }

    function _requireCoin(uint64 coin, Coin calldata record) internal view {
        if (!_isCoin(coin, record)) revert UnknownCoin(coin);
    }

    function _isCoin(uint64 coin, Coin calldata record) internal view returns (bool) {
        return coins[coin] == keccak256(abi.encode(record));
    }

    // ---------------------------------------------------------------------------------------------------- Payouts

    /// @inheritdoc ICoinChain
    function withdrawPending(address token, address to) external nonReentrant {
        uint256 amount = pendingWithdrawals[msg.sender][token];
        if (amount == 0) revert NothingPending(msg.sender, token);
        pendingWithdrawals[msg.sender][token] = 0;
        if (!Transfers.tryPush(token, to, amount, gasleft())) revert PaymentFailed(to, token);
    }

    /// @inheritdoc ICoinChain
    function withdrawPendingNft(address token, uint256 id, address to) external nonReentrant {
        if (pendingNft[token][id] != msg.sender) revert NothingPending(msg.sender, token);
        delete pendingNft[token][id];
        if (!Tokens721.tryTransfer(token, to, id)) revert PaymentFailed(to, token);
    }

    /// @dev Never reverts because of the receiver or the token.
    function _push(address token, address to, uint256 amount) internal {
        if (amount == 0) return;
        uint256 cap = token == address(0) ? PUSH_GAS_ETHER : PUSH_GAS_TOKEN;
        uint256 before = gasleft();
        if (Transfers.tryPush(token, to, amount, cap)) return;
        _requireUnstarved(before, cap);
        pendingWithdrawals[to][token] += amount;
        emit PayoutDeferred(to, token, amount);
    }

    /// @dev Pushes an ERC-721 token; never reverts because of the receiver or the token.
    function _pushToken(address token, address to, uint256 id) internal {
        uint256 before = gasleft();
        if (Tokens721.tryPush(token, to, id, PUSH_GAS_TOKEN)) return;
        _requireUnstarved(before, PUSH_GAS_TOKEN);
        pendingNft[token][id] = to;
        emit NftPayoutDeferred(to, token, id);
    }

    /// @dev A caller must not turn a payout into a debt by supplying too little gas.
    function _requireUnstarved(uint256 before, uint256 cap) private pure {
        uint256 need = (cap * 64) / 63 + 50_000;
        if (before < need) revert InsufficientGas(before, need);
    }
}
